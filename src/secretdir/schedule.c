/* SPDX-License-Identifier: ISC */
#include "secretdir/schedule.h"

#define MIN_MS INT64_C(1000)
#define KEYS_MARGIN_MS (10 * 60 * 1000)

static int64_t smaller(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

/* FNV-1a, of the text and its end. */
static uint64_t hash_add(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	while (*text++);
	return hash;
}

/* FNV alone leaves names that differ in their last character side by side, so its bits are mixed (MurmurHash3's last step). */
uint64_t schedule_offset(const char *machine_id, const char *host, const char *link)
{
	uint64_t hash = hash_add(hash_add(hash_add(0xcbf29ce484222325, machine_id), host), link);

	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
	hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
	return hash ^ hash >> 33;
}

int64_t schedule_slot(const struct schedule *schedule, int64_t interval_ms, int64_t now_ms)
{
	int64_t offset = (int64_t)(schedule->offset % (uint64_t)interval_ms);
	int64_t distance = (offset - now_ms % interval_ms + interval_ms) % interval_ms;

	while (distance < MIN_MS)
		distance += interval_ms;
	return now_ms + distance;
}

/* A part of the duration, from none of it to nearly all. */
static int64_t part_of(int64_t duration_ms, uint32_t random)
{
	return (int64_t)((uint64_t)random * (uint64_t)duration_ms >> 32);
}

/* Doubles from a second with each failure, up to what is more than anybody waits. */
static int64_t backoff_most(unsigned failures)
{
	return failures > 1 ? MIN_MS << smaller(failures - 1, 30) : MIN_MS;
}

/* Between half of that and all of it. */
static int64_t schedule_backoff(int64_t most_ms, uint32_t random)
{
	return most_ms / 2 + part_of(most_ms / 2, random);
}

int64_t schedule_next(const struct schedule *schedule, const struct schedule_past *past, int64_t now_ms, uint32_t random)
{
	int64_t retry_ms = smaller(schedule->interval_ms, SCHEDULE_INTERVAL_MS);
	int64_t most_ms = backoff_most(past->failures);
	bool is_urgent = past->is_event_open || (past->is_failed && !past->is_live);

	if (!past->is_failed && !is_urgent)
		return schedule_slot(schedule, schedule->interval_ms, now_ms);
	if (past->is_throttled || !is_urgent || most_ms >= retry_ms)
		return schedule_slot(schedule, retry_ms, now_ms);
	return now_ms + schedule_backoff(most_ms, random);
}

/* The slots come from the low bits of the offset, this from the high ones. */
bool schedule_is_full(const struct schedule *schedule, int64_t last_full_ms, int64_t now_ms)
{
	int64_t period_ms =
		schedule->full_interval_ms - part_of(schedule->full_interval_ms / 2, (uint32_t)(schedule->offset >> 32));

	return last_full_ms < 0 || now_ms - last_full_ms >= period_ms;
}

/* Renewed at some moment of the second half of their time, so that hosts that began together do not ask for new ones together. */
static int64_t schedule_kept(int64_t left_ms, uint32_t random)
{
	int64_t kept_ms = left_ms - smaller(KEYS_MARGIN_MS, left_ms / 3);

	return kept_ms > 0 ? kept_ms - part_of(kept_ms / 2, random) : 0;
}

int64_t schedule_keys(int64_t left_ms, int64_t now_ms, uint32_t random)
{
	int64_t kept_ms = schedule_kept(left_ms, random);

	return kept_ms > 0 ? now_ms + kept_ms : -1;
}

int64_t schedule_first_keys(int64_t left_ms, int64_t now_ms, uint32_t random, uint32_t other_random)
{
	int64_t kept_ms = part_of(schedule_kept(left_ms, random), other_random);

	return kept_ms > 0 ? now_ms + kept_ms : -1;
}
