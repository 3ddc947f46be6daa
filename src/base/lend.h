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

/* Of what is open, also with O_PATH; never of a symlink. */
int change_mode_of(int fd, mode_t mode);

/* Opens a name, never through a symlink. Where we own what it stands for and its mode is in the way, the owner's rights are lent until
 * it is open. It never waits: a FIFO is opened at once, and a file under a lease is EWOULDBLOCK (fcntl(2)). */
int open_lending_at(int directory_fd, const char *name, int flags);

/* A directory whose owner may write in it for a while. */
struct lending {
	int fd;	     /* stays the caller's */
	mode_t mode; /* to give back */
	bool is_lent;
};
/* Adds the owner's rights where the mode of the directory lacks one. */
int lending_begin(struct lending *lending, int fd);
/* Gives the mode back; does nothing where nothing was lent. Keeps errno where it succeeds. */
int lending_end(struct lending *lending);

#endif
