/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>

#include "secretdir/schedule.h"
#include "tap.h"

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)
#define ALL UINT32_MAX

/* Slots at 17 s past each five minutes, and now it is five minutes and no second. */
static const struct schedule five = { 5 * MINUTE, 24 * HOUR, 17000 };
static const struct schedule hourly = { HOUR, 24 * HOUR, 17000 };
static const struct schedule other = { 5 * MINUTE, 24 * HOUR, 1ULL << 63 };
static const struct schedule quick = { 2000, 24 * HOUR, 500 };

static const struct {
	const char *claim;
	const struct schedule *schedule;
	struct schedule_past past;
	int64_t now_ms;
	uint32_t random;
	int64_t wanted_ms;
} table[] = {
	{ "after a round that went well the next one begins at the host's next slot", &five, { 0 }, 300000, 0, 317000 },
	{ "a slot that is over a second away is taken", &five, { 0 }, 315900, 0, 317000 },
	{ "a slot that is less than a second away is left out", &five, { 0 }, 316500, 0, 617000 },
	{ "slots lie an interval apart", &hourly, { 0 }, 20 * MINUTE, 0, HOUR + 17000 },
	{ "an interval of seconds has slots too", &quick, { 0 }, 10000, 0, 12500 },
	{ "a failure while something is live is tried again at the next slot",
	  &five,
	  { .is_failed = true, .is_live = true, .failures = 1 },
	  300000,
	  0,
	  317000 },
	{ "with a longer interval that slot is at most five minutes away",
	  &hourly,
	  { .is_failed = true, .is_live = true, .failures = 1 },
	  20 * MINUTE,
	  0,
	  20 * MINUTE + 17000 },
	{ "where nothing is live the second try follows after half a second at the earliest",
	  &five,
	  { .is_failed = true, .failures = 1 },
	  300000,
	  0,
	  300500 },
	{ "and after a second at the latest", &five, { .is_failed = true, .failures = 1 }, 300000, ALL, 300999 },
	{ "the wait doubles with each failure", &five, { .is_failed = true, .failures = 5 }, 300000, 0, 308000 },
	{ "up to the host's own slots", &five, { .is_failed = true, .failures = 10 }, 300000, 0, 317000 },
	{ "which any number of failures leaves as they are",
	  &five,
	  { .is_failed = true, .failures = 100000 },
	  300000,
	  0,
	  317000 },
	{ "with a short interval the wait is never longer than that",
	  &quick,
	  { .is_failed = true, .failures = 2 },
	  10000,
	  0,
	  12500 },
	{ "whoever is throttled waits for the slot, also where nothing is live",
	  &five,
	  { .is_failed = true, .is_throttled = true, .failures = 1 },
	  300000,
	  0,
	  317000 },
	{ "a change that was announced and is not there yet is looked for soon",
	  &five,
	  { .is_live = true, .is_event_open = true, .failures = 2 },
	  300000,
	  0,
	  301000 },
};

static const struct {
	const char *claim;
	int64_t left_ms;
	uint32_t random;
	int64_t wanted_ms;
} keys[] = {
	{ "keys for an hour are kept for fifty minutes at most", HOUR, 0, 50 * MINUTE },
	{ "and for twenty-five at least", HOUR, ALL, 25 * MINUTE + 1 },
	{ "keys for a quarter of an hour are kept for two thirds of it", 15 * MINUTE, 0, 10 * MINUTE },
	{ "keys that have expired are not kept", 0, 0, -1001 },
};

/* Hosts' slots: the fullest of sixty equal parts of an interval, against the mean. */
static double crowd(size_t hosts)
{
	unsigned parts[60] = { 0 }, most = 0;
	char name[32];

	for (size_t i = 0; i < hosts; i++) {
		struct schedule schedule = { 5 * MINUTE, 0, 0 };
		int64_t slot;

		snprintf(name, sizeof(name), "web-%zu", i);
		schedule.offset = schedule_offset("", name, "/run/secrets/app");
		slot = schedule_slot(&schedule, schedule.interval_ms, 0) % schedule.interval_ms;
		parts[slot / 5000]++;
	}
	for (size_t i = 0; i < 60; i++)
		most = parts[i] > most ? parts[i] : most;
	return (double)most * 60 / (double)hosts;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		is_int(schedule_next(table[i].schedule, &table[i].past, table[i].now_ms, table[i].random), table[i].wanted_ms,
		       table[i].claim);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		is_int(schedule_keys(keys[i].left_ms, 1000, keys[i].random), 1000 + keys[i].wanted_ms, keys[i].claim);
	is_int(schedule_first_keys(HOUR, 1000, 0, ALL / 2), 1000 + 25 * MINUTE - 1,
	       "keys that replace none are kept for any part of that");
	is_int(schedule_first_keys(HOUR, 1000, ALL, ALL), 1000 + 25 * MINUTE, "down from a whole one");
	is_int(schedule_first_keys(HOUR, 1000, 0, 0), -1, "or not at all");
	ok(schedule_is_full(&five, -1, 0), "the first round fetches everything");
	ok(!schedule_is_full(&five, 0, 24 * HOUR - 1), "a round within a day of that does not");
	ok(schedule_is_full(&five, 0, 24 * HOUR), "one a day later does");
	ok(!schedule_is_full(&other, 0, 18 * HOUR - 1) && schedule_is_full(&other, 0, 18 * HOUR),
	   "or less, since each host has a period of its own");
	ok(schedule_offset("a", "b", "c") != schedule_offset("a", "b", "d") &&
		   schedule_offset("ab", "", "c") != schedule_offset("a", "b", "c"),
	   "each host and LINK has slots of its own");
	ok(crowd(10000) < 1.35, "the slots of 10,000 hosts whose names differ in a number lie evenly");
	return done();
}
