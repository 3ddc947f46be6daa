/* SPDX-License-Identifier: ISC
 *
 * Trees by descriptor: never through a symlink, never by a path that somebody may change. What an entry is, the names in a
 * directory, and the one walk through a tree. Paths are for messages only.
 */
#ifndef DIR_TREE_H
#define DIR_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <atomicdir.h>

#define TREE_DEPTH_MAX 256

/* What an entry is, and whether something is mounted on it. */
struct tree_entry {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	nlink_t links;
	int64_t size;
	dev_t device;
	ino_t inode;
	struct timespec modified;
	struct timespec changed; /* bytes, mode, owner, attributes or names: the kernel's alone to set */
	struct timespec born;	 /* 0 where the file system does not say */
	uint64_t mount;		 /* the mount that it is in; where the kernel does not say, its device */
	bool is_mount;
	bool is_fixed; /* immutable or append-only (chattr(1)) */
};
/* `name` "" is what the descriptor itself is open on. -1 with errno. */
int tree_look(int directory_fd, const char *name, struct tree_entry *entry);
/* Whether a file still is what it was. */
bool tree_is_untouched(const struct tree_entry *before, const struct tree_entry *now);
/* Whether it is what it was but for its hard links, as far as can be told: making or removing one leaves another time of change. */
bool tree_is_same_but_links(const struct tree_entry *before, const struct tree_entry *now);

/* Sets "WHAT 'PATH': why", from errno; if the reason is that the entry belongs to another user, adds that. Returns -1. */
int tree_cannot_read(int directory_fd, const char *name, const char *path, const char *what, struct atomicdir_error *error);

/* Opens the directory that the entry `path` is in, never through a symlink, and whatever the modes of directories of ours; *name is the
 * entry's name there. -1 with errno. */
int tree_open_parent(int top_fd, const char *path, const char **name);

/* The names in a directory, sorted by byte. */
struct tree_names {
	const char **names; /* they lie in `text` */
	size_t count;
	char *text;
};
/* With `is_generation` the name that wakes watchers is left out; in directories further down it is a name like any other. */
int tree_names_read(int directory_fd, bool is_generation, struct tree_names *names);
void tree_names_clear(struct tree_names *names);
#define cleanup_names cleanup(tree_names_clear)

/* A path that grows and shrinks with a walk: "a/b"; "" at the top. */
struct tree_path {
	char *text;
	size_t size, capacity;
};
/* Adds "/NAME". -1: no memory. tree_path_pop() goes back to an earlier size. */
int tree_path_push(struct tree_path *path, const char *name);
void tree_path_pop(struct tree_path *path, size_t size);
void tree_path_clear(struct tree_path *path);
#define cleanup_path cleanup(tree_path_clear)

/* An entry that a walk has come to. */
struct walk_entry {
	int directory_fd; /* of the directory that it is in */
	const char *name, *path;
	int depth; /* 1: at the top */
	struct tree_entry facts;
	int fd; /* a directory's own; -1 for all else, and for a mount point */
};

struct walk {
	/* Called for a directory before its content; 1: skip the content. May be NULL. */
	int (*enter)(void *arg, const struct walk_entry *entry, struct atomicdir_error *error);
	/* Called for every entry; for a directory after its content. May be NULL. */
	int (*visit)(void *arg, const struct walk_entry *entry, struct atomicdir_error *error);
	void *arg;
	const char *path;	  /* a prefix for the entries' paths; NULL: none */
	bool is_generation;	  /* the name that wakes watchers is no part of the tree */
	const volatile int *stop; /* the walk ends with EINTR once this is not 0; NULL: it does not */
	bool may_lend;		  /* the tree is ours: modes that forbid reading are changed for a moment */
};
/* Walks in the order of names. Either function returns -1, with the error set, to end the walk. A directory that cannot be
 * opened, and a tree deeper than TREE_DEPTH_MAX, are errors. A mount point is visited and not entered. */
int tree_walk(const struct walk *walk, int top_fd, struct atomicdir_error *error);

struct tree_count {
	int64_t files, bytes;
};

#endif
