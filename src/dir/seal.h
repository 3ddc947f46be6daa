/* SPDX-License-Identifier: ISC
 *
 * Makes a tree ready to be published: first refuses what cannot be published, before anything is changed; then sets the final
 * owners and modes, children before parents, the top directory last.
 */
#ifndef DIR_SEAL_H
#define DIR_SEAL_H

#include "dir/compare.h"
#include "dir/links.h"
#include "dir/top.h"
#include "dir/tree.h"

/* The modes that directories get when they are sealed: until then their owner may write in them. A directory is known by its
 * inode, so one that was renamed meanwhile keeps its mode, and one that was removed stays away. */
struct seal_mode {
	ino_t inode;
	struct timespec born;
	size_t order; /* of recording: the first mode recorded for a directory counts */
	mode_t mode;
};
struct seal_modes {
	struct seal_mode *items;
	size_t count;
};
/* -1: no memory. */
int seal_modes_add(struct seal_modes *modes, const struct tree_entry *directory, mode_t mode);
void seal_modes_clear(struct seal_modes *modes);

struct seal_rules {
	uid_t uid; /* -1: as made */
	gid_t gid;
	mode_t file_mode; /* exact, and without an ACL; 0: as made */
	mode_t dir_mode;
	mode_t top_mode;
	/* What the tree holds, where all of that is known to be ready: then only the top directory is sealed. NULL: it is to be walked. */
	const struct tree_count *known;
	/* A tree that it is compared with in the same walk, where neither owners nor modes of entries are stated. NULL: none. */
	const struct compare *compare;
	int compared_fd;
	const struct top *top;		    /* of a stage; NULL: the top directory stays as it is */
	struct seal_modes *directories;	    /* may be NULL */
	bool (*reserves)(const char *name); /* names that the top directory may not hold */
	const char *passed_over;	    /* a name in the top directory that is no part of the tree; NULL: none */
	const volatile int *stop;	    /* the seal ends with EINTR once this is not 0; NULL: it does not */
	struct links *links;		    /* where symlinks may lead */
};

/* Whether owners or modes of entries are stated. */
bool seal_has_work(const struct seal_rules *rules);
/* With rules->compare 1: it differs from that tree. Otherwise 0; -1. */
int tree_seal(int top_fd, const struct seal_rules *rules, struct tree_count *count, struct atomicdir_error *error);

#endif
