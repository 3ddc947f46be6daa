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

/* Finds those that hold a shared flock on the directory at `path`; none where that cannot be known: another pid namespace, or a file
 * system whose locks are listed under another device. -1: no memory. */
int holders_find(struct holders *holders, const char *path);
void holders_clear(struct holders *holders);

#endif
