/* SPDX-License-Identifier: ISC */
#include "secretdir/schedule.h"

#define MIN_MS 1000
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

/* Doubling from a second, and between half of that and all of it. */
static int64_t schedule_backoff(unsigned failures, uint32_t random)
{
	int64_t most = (int64_t)MIN_MS << (failures - 1);

	return most / 2 + (int64_t)((uint64_t)random * (uint64_t)(most / 2) >> 32);
}

int64_t schedule_next(const struct schedule *schedule, const struct schedule_past *past, int64_t now_ms, uint32_t random)
{
	int64_t retry_ms = smaller(schedule->interval_ms, SCHEDULE_INTERVAL_MS);
	bool is_urgent = past->is_event_open || (past->is_failed && !past->is_live);

	if (!past->is_failed && !is_urgent)
		return schedule_slot(schedule, schedule->interval_ms, now_ms);
	if (past->is_throttled || !is_urgent || past->failures > 40 || (MIN_MS << (past->failures - 1)) >= retry_ms)
		return schedule_slot(schedule, retry_ms, now_ms);
	return now_ms + schedule_backoff(past->failures, random);
}

bool schedule_is_full(const struct schedule *schedule, int64_t last_full_ms, int64_t now_ms)
{
	return last_full_ms < 0 || now_ms - last_full_ms >= schedule->full_interval_ms;
}

/* Renewed at some moment of the second half of their time, so that hosts that began together do not ask for new ones together. */
int64_t schedule_keys(int64_t left_ms, int64_t now_ms, uint32_t random)
{
	int64_t margin_ms = smaller(KEYS_MARGIN_MS, left_ms / 3);
	int64_t kept_ms = left_ms - margin_ms;

	if (kept_ms <= 0)
		return -1;
	return now_ms + kept_ms - (int64_t)((uint64_t)random * (uint64_t)(kept_ms / 2) >> 32);
}
