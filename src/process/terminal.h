/* SPDX-License-Identifier: ISC
 *
 * The terminal that we were started at, lent to a child's group while that runs, so that the child may ask on it. Where we are in the
 * background ourselves there is nothing to lend.
 */
#ifndef PROCESS_TERMINAL_H
#define PROCESS_TERMINAL_H

#include <sys/types.h>

struct terminal {
	int fd;	   /* -1: there is none to lend */
	pid_t own; /* the group that has it otherwise: ours */
};

void terminal_open(struct terminal *terminal);
void terminal_give(const struct terminal *terminal, pid_t group);
/* Takes it back. */
void terminal_close(struct terminal *terminal);

/* The child's group was stopped by this signal. Whoever stops it at the terminal means us as well, so we stop until we are continued,
 * and it goes on then. 0; -1: it asks for the terminal, and is not to have it, since we are in the background: it stays stopped, which
 * nobody would see. */
int terminal_follow_stop(struct terminal *terminal, pid_t group, int signal);

#endif
