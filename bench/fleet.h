/* SPDX-License-Identifier: ISC
 *
 * A fleet of hosts of one account, simulated: each asks when secretdir's schedule says so, and all share the account's quotas. What
 * is random comes from a seed, so that a run can be repeated.
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRETS = 10 }; /* on each host */

enum call { CALL_ROUND, CALL_DESCRIBE, CALL_BATCH, CALL_GET, CALL_LIST, CALL_STS, CALLS };

/* Calls a second that AWS answers in one account and region, as it documents them; 0: it documents none. */
extern const uint32_t fleet_quotas[CALLS];

/* Moments count from the start of the simulation, in milliseconds. */
struct plan {
	size_t hosts;
	uint64_t seed;
	int64_t end_ms, interval_ms;
	bool is_boot;				/* all start at 0; otherwise they have run for days */
	bool is_prefix;				/* a round also lists the secrets of a prefix */
	int64_t keys_ms;			/* how long keys of STS are good; 0: keys that STS has no part in */
	int64_t outage_begin_ms, outage_end_ms; /* each round that begins meanwhile fails */
	int64_t moved_ms;			/* when one secret moves, everywhere; 0: never */
	int64_t splay_ms; /* over how long the hosts spread that were told of it; 0: they find out by themselves */
};

struct fleet {
	const struct plan *plan;
	struct host *hosts;
	uint32_t *first, *following; /* what is to be done in each second: a list of nodes, two for each host */
	uint32_t *asked[CALLS];	     /* calls in each second, also those that were refused */
	uint32_t answered[CALLS];    /* in this second */
	uint64_t random;
	uint32_t throttled;	  /* rounds that the quota stopped */
	size_t satisfied;	  /* hosts that have what they want: something live, or the secret that moved */
	int64_t satisfied_ms;	  /* when the last of them had it */
	int64_t satisfied_sum_ms; /* the sum of all these moments */
};

/* Simulates the plan, which has to outlive the fleet. */
void fleet_run(struct fleet *fleet, const struct plan *plan);
void fleet_clear(struct fleet *fleet);

/* The calls of the seconds from begin to end, and the most in any `window` seconds of them. */
uint64_t fleet_sum(const struct fleet *fleet, enum call call, int64_t begin_ms, int64_t end_ms);
uint64_t fleet_peak(const struct fleet *fleet, enum call call, int64_t begin_ms, int64_t end_ms, int window);

#endif
