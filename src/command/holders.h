/* SPDX-License-Identifier: ISC
 *
 * Who pins a generation, as far as /proc tells.
 */
#ifndef COMMAND_HOLDERS_H
#define COMMAND_HOLDERS_H

#include <stddef.h>

struct holder {
	int pid;
	char command[64]; /* empty: not known, since it has ended or the descriptor has passed on to a child */
};
struct holders {
	struct holder *items;
	size_t count;
};

/* Finds the processes with a shared flock on the directory at `path`. The list is empty where /proc cannot tell: in another
 * pid namespace, or on a file system whose locks are listed under another device. -1: no memory. */
int holders_find(struct holders *holders, const char *path);
void holders_clear(struct holders *holders);

#endif
