/* SPDX-License-Identifier: ISC
 *
 * What we own may have a mode that keeps us out: a directory of 0500 that is to be added to, a file of 0000 that is to be read.
 * Here its owner's rights are lent to it, and taken back afterwards. Root needs none of this, and causes no change of a mode.
 * Somebody else may put another file under the name at any moment, so a mode is changed only of what was opened and looked at.
 * All return -1 with errno.
 */
#ifndef BASE_LEND_H
#define BASE_LEND_H

#include <stdbool.h>
#include <sys/stat.h>

/* Sets the mode of what is open (O_PATH is enough), unless that is a symlink. */
int change_mode_of(int fd, mode_t mode);

/* Opens a name, never through a symlink. If its mode forbids that and we own it, the owner's rights are lent until it is open.
 * It never blocks: a FIFO is opened at once, and a file under a lease is EWOULDBLOCK (fcntl(2)). */
int open_lending_at(int directory_fd, const char *name, int flags);

/* A directory whose owner has been lent the right to write in it. */
struct lending {
	int fd;	     /* stays the caller's */
	mode_t mode; /* to restore */
	bool is_lent;
};
/* Adds the owner's rights where the mode of the directory lacks one. */
int lending_begin(struct lending *lending, int fd);
/* Restores the mode, if something was lent. errno stays as it is on success. */
int lending_end(struct lending *lending);

/* renameat2(2) of a name to the same name elsewhere. The ".." of a directory changes with it, which needs its owner's write bit: that is
 * lent where it is missing, for as long as the rename takes. */
int rename_lending_at(int from_fd, int to_fd, const char *name, unsigned flags);

#endif
