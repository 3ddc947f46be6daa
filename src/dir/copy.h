/* SPDX-License-Identifier: ISC
 *
 * Copying trees as they are: bytes (as reflinks where the file system has them), holes, modes, modification times, ACLs, file
 * capabilities, user attributes, hard links among themselves, symlinks as they are, owners where we may set them. Each file is
 * opened, then looked at, and copied as it was at one moment; one that keeps changing is an error.
 */
#ifndef DIR_COPY_H
#define DIR_COPY_H

#include <stdbool.h>

#include "dir/tree.h"
#include "dir/writer.h"

/* Which entries of a tree are copied, by their paths in it. */
struct copy_choice {
	/* Whether the file, or the directory with what is wanted of its content, is copied. */
	bool (*wants)(void *arg, const char *path, mode_t mode);
	/* Called for each entry that the copy has made. -1: no memory. NULL: nobody asks. */
	int (*made)(void *arg, const char *path);
	void *arg;
};

/* Whether an entry has become a hard link to another file, which is what its copy would be. */
struct copy_links {
	bool (*link)(void *arg, int from_dir, const char *name, const struct tree_entry *facts, const char *path, int to_dir);
	void *arg;
};

struct copy_rules {
	const struct copy_links *linked;  /* asked of each file that keeps its name; NULL: all are copied */
	const struct copy_choice *choice; /* NULL: all of them */
	bool merges;   /* existing entries stay, and directories are merged; false: an existing entry is EEXIST */
	bool is_exact; /* an entry without an ACL gets none; false: it inherits the default ACL of its new directory */
	bool links;    /* files become hard links to those that they would be copies of, where that can be */
	bool requires_attributes; /* a user attribute that the file system cannot hold is an error; false: it is left out */
	const volatile int *stop; /* the copy ends with EINTR once this is not 0; NULL: it does not */
	size_t lost;		  /* how many user attributes were left out */
	struct writer *writer;	  /* whose old generations make room where it runs out (room.h); NULL: none */
	/* Symlinks into generation `from` of this place are changed to lead into `to`; place NULL: they stay. `depth`: of the
	 * directory that is copied into, below the top (0). */
	const struct place *place;
	int64_t from, to;
	int depth;
};

/* Copies the bytes of one open file, whose size this is, into another one, which is empty. -1 with errno; EINTR: `stop` was set. */
int copy_bytes(int from_fd, int to_fd, off_t size, const volatile int *stop);
/* Copies a file, symlink or tree. */
int tree_copy_at(int from_fd, const char *from_name, int to_fd, const char *to_name, struct copy_rules *rules,
		 struct atomicdir_error *error);
/* Copies the content of one directory into another, whose own mode, owner and time stay. */
int tree_copy_content(int from_fd, int to_fd, struct copy_rules *rules, struct atomicdir_error *error);

#endif
