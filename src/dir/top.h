/* SPDX-License-Identifier: ISC
 *
 * The top directory of a stage. While the stage is filled its mode is TOP_FILLING, with which only its owner can enter; a mode
 * without that sticky bit was set by whoever fills the stage. The final mode and owner are recorded here, and set by the seal.
 */
#ifndef DIR_TOP_H
#define DIR_TOP_H

#include "dir/copy.h"

#define TOP_FILLING 01700
#define TOP_MODE 0755 /* where nothing else is asked for */

struct top {
	mode_t mode; /* the final mode, unless whoever fills the stage set one */
	uid_t uid;   /* the final owner, if we may set it; -1: as made */
	gid_t gid;
	bool must_own;	   /* it is an error if we may not set that owner */
	bool inherits_acl; /* it keeps the default ACL of LINK's directory, as after mkdir(2) */
};

/* Makes one, with the default ACL of `parent_fd`. Returns it open; -1 with errno. */
int top_make(struct top *top, int store_fd, const char *name, int parent_fd, mode_t mode);
/* Gives it owner, mode and attributes of the directory that the content is copied from. */
int top_copy(struct top *top, int fd, int from_fd, struct copy_rules *rules, struct atomicdir_error *error);
/* Copies the modification time, after the content. */
int top_copy_time(int fd, int from_fd, struct atomicdir_error *error);
/* The last step of a seal: sets mode and owner. `stated`: the exact mode; 0: the one set while filling, else the recorded
 * one. */
int top_finish(const struct top *top, int fd, mode_t stated, struct atomicdir_error *error);

#endif
