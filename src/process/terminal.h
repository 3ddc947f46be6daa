/* SPDX-License-Identifier: ISC
 *
 * The terminal that we were started at, lent to a child's group while that runs, so that the child may ask on it. Where we are
 * in the background ourselves there is nothing to lend.
 */
#ifndef PROCESS_TERMINAL_H
#define PROCESS_TERMINAL_H

#include <sys/types.h>

struct terminal {
	int fd;	   /* -1: there is none to lend */
	pid_t own; /* our own group, which gets it back */
};

void terminal_open(struct terminal *terminal);
void terminal_give(const struct terminal *terminal, pid_t group);
/* Gives the terminal back to our own group. */
void terminal_close(struct terminal *terminal);

/* Call this when the child's group was stopped by `signal`. A user who stops it (^Z) wants to stop us too: we stop, and when
 * we are continued, so is the group: 0. -1: it was stopped because it uses the terminal while we are in the background; it
 * stays stopped, and the caller should end it. */
int terminal_follow_stop(struct terminal *terminal, pid_t group, int signal);

#endif
