/* SPDX-License-Identifier: ISC
 *
 * Which process has a file locked (flock(2)), as far as /proc says. It is for messages only: the process may end at any moment.
 */
#ifndef DIR_HOLDER_H
#define DIR_HOLDER_H

#include <sys/types.h>

struct holder {
	pid_t pid; /* 0: not known */
	char command[32];
};
/* `fd` is the file, open. */
void holder_find(struct holder *holder, int fd);

#endif
