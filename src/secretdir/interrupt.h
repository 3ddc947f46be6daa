/* SPDX-License-Identifier: ISC
 *
 * SIGINT, SIGTERM and SIGHUP while secretdir works, and the end of the time that a round has: from interrupt_begin() to
 * interrupt_end() they end whatever it waits for, and are an error until LINK moves. Before, while it may read from a
 * terminal, they end secretdir itself.
 */
#ifndef SECRETDIR_INTERRUPT_H
#define SECRETDIR_INTERRUPT_H

#include "process/loop.h"

int interrupt_begin(struct atomicdir_error *error);
/* Does nothing without interrupt_begin(). */
void interrupt_end(void);
/* Limits the round to this much time from now; -1: no limit. The end of that time acts like a signal, with the error
 * UNREACHABLE. */
void interrupt_limit(int64_t timeout_ms);
/* The loop that a round and its fetcher wait in. */
struct loop *interrupt_loop(void);
/* As loop_next(). */
struct event interrupt_next(struct pollfd *fds, size_t count, int64_t until_ms);
/* Waits until this time of clock_ms(), or until a signal comes. */
void interrupt_pause(int64_t until_ms);
/* -1: a signal has come, and the error says so. errno stays as it is. */
int interrupt_check(struct atomicdir_error *error);

/* Calls atomicdir_begin() so that a signal ends its wait for another writer. */
struct atomicdir_stage *interrupt_begin_stage(const char *link, const struct atomicdir_options *options,
					      struct atomicdir_error *error);

#endif
