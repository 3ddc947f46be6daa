/* SPDX-License-Identifier: ISC
 *
 * SIGINT, SIGTERM and SIGHUP while secretdir works, and the end of the time that a round has: from interrupt_begin() to interrupt_end()
 * they end whatever it waits for, and are an error until LINK moves. Before, while it may read from a terminal, they end secretdir itself.
 */
#ifndef SECRETDIR_INTERRUPT_H
#define SECRETDIR_INTERRUPT_H

#include "process/loop.h"

int interrupt_begin(struct atomicdir_error *error);
/* Fine also where it has not begun. */
void interrupt_end(void);
/* From now on a round has this much time; -1: as much as it needs. Its end is an event as a signal is, and UNREACHABLE. */
void interrupt_limit(int64_t timeout_ms);
/* The loop that a round and its fetcher wait in. */
struct loop *interrupt_loop(void);
/* As loop_next(). */
struct event interrupt_next(struct pollfd *fds, size_t count, int64_t until_ms);
/* Until this moment of clock_ms(), or until a signal comes. */
void interrupt_pause(int64_t until_ms);
/* -1: a signal has come, and is the error. errno stays as it is. */
int interrupt_check(struct atomicdir_error *error);

/* atomicdir_begin(), whose wait for another writer a signal ends. */
struct atomicdir_stage *interrupt_begin_stage(const char *link, const struct atomicdir_options *options,
					      struct atomicdir_error *error);

#endif
