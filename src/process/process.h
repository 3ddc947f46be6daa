/* SPDX-License-Identifier: ISC
 *
 * This process itself: repairs what it was started with, and executes another program in its place.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "process/environment.h"

/* Call this first in main(). Calls signals_begin(), and opens /dev/null (for reading) as each standard descriptor that is
 * closed, so that no file of ours gets its number, and output to it is an error. */
void process_begin(void);
/* Executes the program in our place, with the signals that we were started with. Returns only if it cannot: -1 with errno. */
int process_become(char *const *argv, const struct environment *environment);

#endif
