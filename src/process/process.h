/* SPDX-License-Identifier: ISC
 *
 * This process itself: what it makes of what it was started with, and how it becomes another program.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "process/environment.h"

/* Call this first of all: signals_begin(), and the standard descriptors are open from here on, so that none of our own files is
 * taken for one. */
void process_begin(void);
/* Executes the program in our place, with the signals that we were started with. Returns only if it cannot: -1 with errno. */
int process_become(char *const *argv, const struct environment *environment);

#endif
