/* SPDX-License-Identifier: ISC
 *
 * Which process has a file locked (flock(2)), as far as /proc says. It is for messages only: the process may end at any moment.
 * Whoever takes the lock sets the offset of its descriptor, which nobody reads or writes by, to the time, and proc(5) shows that.
 */
#ifndef DIR_HOLDER_H
#define DIR_HOLDER_H

#include <stdint.h>
#include <sys/types.h>

struct holder {
	pid_t pid; /* 0: not known */
	char command[32];
	int64_t since; /* in seconds since 1970; 0: not known */
};
/* `fd` is the file, open. */
void holder_find(struct holder *holder, int fd);

#endif
