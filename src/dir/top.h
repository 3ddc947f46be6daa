/* SPDX-License-Identifier: ISC
 *
 * The top directory of a stage. While the stage is filled its mode is TOP_FILLING, which nobody but us passes; the sticky bit tells it
 * from a mode that somebody set meanwhile. What the directory is to have in the end is recorded here, and given to it by the seal.
 */
#ifndef DIR_TOP_H
#define DIR_TOP_H

#include "dir/copy.h"

#define TOP_FILLING 01700
#define TOP_MODE 0755 /* where nothing else is asked for */

struct top {
	mode_t mode; /* where nobody set one meanwhile */
	uid_t uid;   /* where we may; -1: as made */
	gid_t gid;
	bool must_own;	   /* that we may not give it that owner is an error */
	bool inherits_acl; /* from the directory of LINK, as mkdir(2) has it */
};

/* A new one, with the default ACL of `parent_fd`. The open directory; -1 with errno. */
int top_make(struct top *top, int store_fd, const char *name, int parent_fd, mode_t mode);
/* Becomes as the directory that the content is copied from. */
int top_copy(struct top *top, int fd, int from_fd, struct copy_rules *rules, struct atomicdir_error *error);
/* Once the content is there. */
int top_copy_time(int fd, int from_fd, struct atomicdir_error *error);
/* The last step of a seal. `stated`: the exact mode; 0: as made, else as recorded. */
int top_finish(const struct top *top, int fd, mode_t stated, struct atomicdir_error *error);

#endif
