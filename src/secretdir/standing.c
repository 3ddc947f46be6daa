/* SPDX-License-Identifier: ISC */
#include "secretdir/standing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "secretdir/round.h"

struct instant instant_now(void)
{
	return (struct instant){ clock_ms(), clock_wall_ms() };
}

static void standing_look(struct standing *standing, const char *link)
{
	cleanup_free struct atomicdir_generation *live = NULL;

	standing->live = 0;
	standing->files = 0;
	standing->is_good = false;
	standing->published_s = 0;
	if (atomicdir_show(link, &live, NULL) < 0 || !live)
		return;
	standing->live = live->number;
	standing->files = live->files < 0 ? 0 : live->files;
	standing->is_good = live->is_good;
	standing->published_s = live->created_ms / 1000;
}

static void standing_count(struct standing *standing, const struct round_end *end)
{
	bool is_failed = end->status != ATOMICDIR_OK;

	standing->rounds++;
	standing->publications += end->is_changed;
	if (is_failed && end->status > 0 && end->status < STANDING_KINDS)
		standing->failures_of[end->status]++;
	standing->failures = is_failed || end->is_event_open ? standing->failures + 1 : 0;
	standing->status = end->status;
	standing->is_held_back = end->is_held_back;
	standing->is_event_open = end->is_event_open;
	standing->is_hook_failed = end->status == ATOMICDIR_HOOK_FAILED;
	snprintf(standing->error, sizeof(standing->error), "%s", is_failed ? end->error : "");
}

/* A hook that failed is as urgent as a source that does while something is live: it is run again at the next slot. */
static void standing_plan(struct standing *standing, const struct round_end *end, const struct schedule *schedule,
			  uint32_t random)
{
	struct schedule_past past = { .is_failed = end->status != ATOMICDIR_OK,
				      .is_throttled = end->is_throttled,
				      .is_live = standing->is_good || standing->is_hook_failed,
				      .is_event_open = end->is_event_open,
				      .failures = standing->failures };

	if (!schedule)
		return;
	standing->next.ms = schedule_next(schedule, &past, standing->last_attempt.ms, random);
	standing->next.wall_ms = standing->last_attempt.wall_ms + standing->next.ms - standing->last_attempt.ms;
}

/* Until when, by the schedule: another half of the number is as random. */
static void standing_keep_keys(struct standing *standing, int64_t left_ms, uint32_t random)
{
	int64_t now_ms = standing->last_attempt.ms;
	bool is_first = standing->keys_until_ms < 0;

	if (left_ms == ROUND_KEYS_STAY)
		return;
	if (left_ms < 0)
		standing->keys_until_ms = -1;
	else if (is_first)
		standing->keys_until_ms = schedule_first_keys(left_ms, now_ms, random, random << 16 | random >> 16);
	else
		standing->keys_until_ms = schedule_keys(left_ms, now_ms, random);
}

void standing_take(struct standing *standing, const struct round_end *end, const char *link, const struct schedule *schedule,
		   uint32_t random)
{
	standing->last_attempt = instant_now();
	standing_look(standing, link);
	standing_count(standing, end);
	if (end->status == ATOMICDIR_OK)
		standing->last_success = standing->last_attempt;
	if (end->status == ATOMICDIR_OK && end->is_full)
		standing->last_full_ms = standing->last_attempt.ms;
	if (end->is_changed)
		standing->last_change = standing->last_attempt;
	if (end->prune_ms >= 0)
		standing->prune_ms = end->prune_ms;
	standing_keep_keys(standing, end->keys_left_ms, random);
	standing_plan(standing, end, schedule, random);
}
