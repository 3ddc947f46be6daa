/* SPDX-License-Identifier: ISC */
#include "fleet.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secretdir/schedule.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define SETTLE_MS 2000
/* How long a round lasts that is answered, and one that is not. */
#define ROUND_MS 200
#define OUTAGE_ROUND_MS 10000
#define NONE UINT32_MAX

struct host {
	struct schedule schedule;
	int64_t next_ms;
	int64_t keys_kept_ms, keys_good_ms; /* until when */
	int64_t full_ms; /* when everything was fetched last, on a clock that was at one day when the simulation began; -1: never */
	unsigned failures;
	bool is_live, has_moved, is_told;
};

const uint32_t fleet_quotas[CALLS] = { [CALL_DESCRIBE] = 40000, [CALL_BATCH] = 100, [CALL_GET] = 10000, [CALL_LIST] = 100 };

/* splitmix64 */
static uint32_t fleet_random(struct fleet *fleet)
{
	uint64_t bits = fleet->random += 0x9e3779b97f4a7c15;

	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(bits >> 32);
}

static int64_t fleet_below(struct fleet *fleet, int64_t limit_ms)
{
	return (int64_t)((uint64_t)fleet_random(fleet) * (uint64_t)limit_ms >> 32);
}

/* The node is taken out when its second comes; what a host does next is where its next_ms says, and nodes elsewhere are left over. */
static void fleet_plan_host(struct fleet *fleet, uint32_t node, int64_t next_ms)
{
	struct host *host = &fleet->hosts[node / 2];
	int64_t second = next_ms / 1000;

	host->next_ms = next_ms;
	if (next_ms >= fleet->plan->end_ms)
		return;
	fleet->following[node] = fleet->first[second];
	fleet->first[second] = node;
}

static bool fleet_ask(struct fleet *fleet, enum call call, uint32_t count, int64_t now_ms)
{
	fleet->asked[call][now_ms / 1000] += count;
	if (fleet_quotas[call] && fleet->answered[call] + count > fleet_quotas[call])
		return false;
	fleet->answered[call] += count;
	return true;
}

/* Everything, in a batch where the quota has room for one, as fetch-aws does it. */
static bool host_fetch_all(struct fleet *fleet, struct host *host, int64_t now_ms)
{
	if (!fleet_ask(fleet, CALL_BATCH, 1, now_ms) && !fleet_ask(fleet, CALL_GET, SECRETS, now_ms))
		return false;
	host->full_ms = DAY_MS + now_ms;
	return true;
}

/* Versions first; where one moved they are asked for until two answers agree. */
static bool host_fetch_moved(struct fleet *fleet, const struct host *host, int64_t now_ms)
{
	uint32_t described = host->is_told ? 1 : SECRETS;
	bool is_moved = fleet->plan->moved_ms && now_ms >= fleet->plan->moved_ms && !host->has_moved;

	if (!fleet_ask(fleet, CALL_DESCRIBE, described, now_ms))
		return false;
	if (!is_moved)
		return true;
	return (host->is_told || fleet_ask(fleet, CALL_DESCRIBE, described, now_ms)) && fleet_ask(fleet, CALL_GET, 1, now_ms);
}

/* Two draws, in an order that each compiler keeps. */
static int64_t fleet_first_keys(struct fleet *fleet, int64_t left_ms, int64_t now_ms)
{
	uint32_t random = fleet_random(fleet), other_random = fleet_random(fleet);

	return schedule_first_keys(left_ms, now_ms, random, other_random);
}

static void host_renew_keys(struct fleet *fleet, struct host *host, int64_t now_ms)
{
	int64_t left_ms = fleet->plan->keys_ms;

	if (!left_ms || now_ms < host->keys_kept_ms)
		return;
	fleet_ask(fleet, CALL_STS, 1, now_ms);
	host->keys_kept_ms = now_ms < host->keys_good_ms ? schedule_keys(left_ms, now_ms, fleet_random(fleet))
							 : fleet_first_keys(fleet, left_ms, now_ms);
	host->keys_good_ms = now_ms + left_ms;
}

static bool host_fetch(struct fleet *fleet, struct host *host, int64_t now_ms)
{
	bool is_full = schedule_is_full(&host->schedule, host->full_ms, DAY_MS + now_ms);

	/* Once a day keys are dropped, too. */
	if (is_full && host->full_ms >= 0)
		host->keys_kept_ms = now_ms;
	host_renew_keys(fleet, host, now_ms);
	if (fleet->plan->is_prefix && !fleet_ask(fleet, CALL_LIST, 1, now_ms))
		return false;
	return is_full ? host_fetch_all(fleet, host, now_ms) : host_fetch_moved(fleet, host, now_ms);
}

/* After a round that went well. */
static void host_succeed(struct fleet *fleet, struct host *host, int64_t now_ms)
{
	bool was_satisfied = fleet->plan->moved_ms ? host->has_moved : host->is_live;

	host->is_live = true;
	host->is_told = false;
	host->failures = 0;
	host->has_moved = fleet->plan->moved_ms && now_ms >= fleet->plan->moved_ms;
	if (was_satisfied || (fleet->plan->moved_ms && !host->has_moved))
		return;
	fleet->satisfied++;
	fleet->satisfied_sum_ms += now_ms;
	fleet->satisfied_ms = now_ms;
}

static void host_round(struct fleet *fleet, uint32_t node)
{
	struct host *host = &fleet->hosts[node / 2];
	int64_t now_ms = host->next_ms;
	bool is_out = now_ms >= fleet->plan->outage_begin_ms && now_ms < fleet->plan->outage_end_ms;
	struct schedule_past past = { 0 };

	fleet_ask(fleet, CALL_ROUND, 1, now_ms);
	past.is_failed = is_out || !host_fetch(fleet, host, now_ms);
	past.is_throttled = past.is_failed && !is_out;
	past.is_live = host->is_live;
	past.is_event_open = host->is_told && past.is_failed;
	past.failures = past.is_failed ? ++host->failures : 0;
	fleet->throttled += past.is_throttled;
	if (!past.is_failed)
		host_succeed(fleet, host, now_ms);
	fleet_plan_host(
		fleet, node,
		schedule_next(&host->schedule, &past, now_ms + (is_out ? OUTAGE_ROUND_MS : ROUND_MS), fleet_random(fleet)));
}

static int host_compare(const void *one, const void *other)
{
	const struct host *a = one, *b = other;

	return (a->next_ms > b->next_ms) - (a->next_ms < b->next_ms);
}

/* A host that has run for days is somewhere in a day and in the life of its keys. */
static void host_init(struct fleet *fleet, size_t index)
{
	const struct plan *plan = fleet->plan;
	struct host *host = &fleet->hosts[index];
	char name[64];

	snprintf(name, sizeof(name), "web-%zu-%" PRIu64, index, plan->seed);
	host->schedule = (struct schedule){ plan->interval_ms, DAY_MS, schedule_offset("", name, "/run/secrets/app") };
	host->next_ms = schedule_slot(&host->schedule, plan->interval_ms, 0);
	host->full_ms = plan->is_boot ? -1 : fleet_below(fleet, DAY_MS);
	while (!plan->is_boot && schedule_is_full(&host->schedule, host->full_ms, DAY_MS))
		host->full_ms = fleet_below(fleet, DAY_MS);
	host->is_live = !plan->is_boot;
	if (plan->is_boot || !plan->keys_ms)
		return;
	host->keys_kept_ms = fleet_first_keys(fleet, plan->keys_ms, 0);
	host->keys_good_ms = plan->keys_ms;
}

/* In the order of their slots, in which they come again and again, so that the simulation goes through memory from end to end. */
static void fleet_start(struct fleet *fleet)
{
	const struct plan *plan = fleet->plan;

	for (size_t i = 0; i < plan->hosts; i++)
		host_init(fleet, i);
	qsort(fleet->hosts, plan->hosts, sizeof(*fleet->hosts), host_compare);
	for (size_t i = 0; i < plan->hosts; i++)
		fleet_plan_host(fleet, (uint32_t)(2 * i), plan->is_boot ? 0 : fleet->hosts[i].next_ms);
}

/* Each host hears of the secret that moved at the same moment, and begins its round when the splay and --settle are over. */
static void fleet_tell(struct fleet *fleet)
{
	const struct plan *plan = fleet->plan;

	for (size_t i = 0; i < plan->hosts; i++) {
		fleet->hosts[i].is_told = true;
		fleet_plan_host(fleet, (uint32_t)(2 * i + 1), plan->moved_ms + fleet_below(fleet, plan->splay_ms) + SETTLE_MS);
	}
}

static void fleet_second(struct fleet *fleet, int64_t second)
{
	uint32_t node;

	memset(fleet->answered, 0, sizeof(fleet->answered));
	while ((node = fleet->first[second]) != NONE) {
		fleet->first[second] = fleet->following[node];
		if (fleet->hosts[node / 2].next_ms / 1000 == second)
			host_round(fleet, node);
	}
}

static void *fleet_take(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		err(1, "a fleet");
	return memory;
}

void fleet_run(struct fleet *fleet, const struct plan *plan)
{
	size_t seconds = (size_t)(plan->end_ms / 1000);

	*fleet = (struct fleet){ .plan = plan, .random = plan->seed };
	fleet->hosts = fleet_take(plan->hosts, sizeof(*fleet->hosts));
	fleet->first = fleet_take(seconds, sizeof(*fleet->first));
	fleet->following = fleet_take(2 * plan->hosts, sizeof(*fleet->following));
	for (int call = 0; call < CALLS; call++)
		fleet->asked[call] = fleet_take(seconds, sizeof(**fleet->asked));
	memset(fleet->first, 0xff, seconds * sizeof(*fleet->first));
	fleet_start(fleet);
	for (size_t second = 0; second < seconds; second++) {
		if (plan->splay_ms && (int64_t)second == plan->moved_ms / 1000)
			fleet_tell(fleet);
		fleet_second(fleet, (int64_t)second);
	}
}

void fleet_clear(struct fleet *fleet)
{
	for (int call = 0; call < CALLS; call++)
		free(fleet->asked[call]);
	free(fleet->hosts);
	free(fleet->first);
	free(fleet->following);
}

uint64_t fleet_sum(const struct fleet *fleet, enum call call, int64_t begin_ms, int64_t end_ms)
{
	uint64_t sum = 0;

	for (int64_t second = begin_ms / 1000; second < end_ms / 1000; second++)
		sum += fleet->asked[call][second];
	return sum;
}

uint64_t fleet_peak(const struct fleet *fleet, enum call call, int64_t begin_ms, int64_t end_ms, int window)
{
	int64_t begin = begin_ms / 1000;
	uint64_t sum = 0, most = 0;

	for (int64_t second = begin; second < end_ms / 1000; second++) {
		sum += fleet->asked[call][second];
		if (second - begin >= window)
			sum -= fleet->asked[call][second - window];
		most = sum > most ? sum : most;
	}
	return most;
}
