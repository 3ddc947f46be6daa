/* SPDX-License-Identifier: ISC
 *
 * Copying trees as they are: bytes (as reflinks where the file system has them), holes, modes, modification times, ACLs, file
 * capabilities, user attributes, hard links among themselves, symlinks as they are, owners where we may set them. Each file is opened,
 * then looked at, and copied as it was at one moment; one that keeps changing is an error.
 */
#ifndef DIR_COPY_H
#define DIR_COPY_H

#include <stdbool.h>

#include "dir/writer.h"

struct copy_rules {
	bool merges;   /* what is there already stays, and directories are merged; else that is EEXIST */
	bool is_exact; /* what has no ACL gets none; else a default ACL of the directory that it comes into is handed down */
	bool requires_attributes; /* a user attribute that the file system cannot hold is an error */
	const volatile int *stop; /* the copy ends with EINTR once this is not 0; NULL: it does not */
	size_t lost;		  /* counts them otherwise */
	struct writer *writer;	  /* whose old generations make room where it runs out (room.h); NULL: none */
	/* Symlinks into generation `from` of this place come to lead into `to`; NULL: they stay. What is copied goes into a directory
	 * so deep below the top. */
	const struct place *place;
	int64_t from, to;
	int depth;
};

/* A file, symlink or tree. */
int tree_copy_at(int from_fd, const char *from_name, int to_fd, const char *to_name, struct copy_rules *rules,
		 struct atomicdir_error *error);
/* What is in one directory into another, whose own mode, owner and time stay. */
int tree_copy_content(int from_fd, int to_fd, struct copy_rules *rules, struct atomicdir_error *error);

#endif
