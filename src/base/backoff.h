/* SPDX-License-Identifier: ISC
 *
 * How long to wait before something that failed is tried again: longer each time, and at random, so that many that failed together
 * do not come back together.
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

/* After so many failures in a row, one or more: from half of a time to all of it, as `random` has it. That time is 1 s, doubled with
 * each further failure, but `most_ms` at most. */
int64_t backoff_ms(int failures, int64_t most_ms, uint32_t random);
/* 0 where the kernel has none. */
uint32_t backoff_random(void);

#endif
