/* SPDX-License-Identifier: ISC
 *
 * When watch does what: pure functions of what happened and of the time. Moments are those of clock_ms(), durations milliseconds, and
 * `random` is any number, drawn anew for each call.
 *
 * Each host has slots of its own, so that a hundred thousand hosts that share an interval, or an outage, come one by one.
 */
#ifndef SECRETDIR_SCHEDULE_H
#define SECRETDIR_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_INTERVAL_MS (5 * 60 * 1000)
#define SCHEDULE_PUSHED_MS (60 * 60 * 1000) /* the interval while a queue tells of changes */

struct schedule {
	int64_t interval_ms, full_interval_ms;
	uint64_t offset; /* where in an interval this host's slots lie */
};

/* What is known once a round has ended. */
struct schedule_past {
	bool is_failed, is_throttled;
	bool is_live;	    /* something good is live */
	bool is_event_open; /* an event told of a change that was not there yet */
	unsigned failures;  /* rounds in a row, this one included, that left something to be wanted soon */
};

/* The offset of one LINK of one host. Any of the texts may be "". */
uint64_t schedule_offset(const char *machine_id, const char *host, const char *link);
/* The next slot, at least a second from now, of those that lie `interval_ms` apart. */
int64_t schedule_slot(const struct schedule *schedule, int64_t interval_ms, int64_t now_ms);
/* When the next round begins. */
int64_t schedule_next(const struct schedule *schedule, const struct schedule_past *past, int64_t now_ms, uint32_t random);
/*
 * Whether a round that begins now fetches everything; last_full_ms -1: none has ended well yet. Each host has a period of its own,
 * between half of full_interval_ms and all of it, since hosts that started together would otherwise do so together every day.
 */
bool schedule_is_full(const struct schedule *schedule, int64_t last_full_ms, int64_t now_ms);
/* Until when keys are kept that are good for so long; -1: they are not kept. */
int64_t schedule_keys(int64_t left_ms, int64_t now_ms, uint32_t random);
/*
 * The same for keys that replace none that were still good. At a boot, or after an outage, other hosts get theirs in the same minute,
 * so these are kept as if they had been got at some moment before.
 */
int64_t schedule_first_keys(int64_t left_ms, int64_t now_ms, uint32_t random, uint32_t other_random);

#endif
