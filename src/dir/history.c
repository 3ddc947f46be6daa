/* SPDX-License-Identifier: ISC */
#include "dir/history.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "dir/layout.h"

void history_clear(struct history *history)
{
	free_pointer(&history->list);
	*history = HISTORY_INIT;
}

/* A hook's mark that is left means not good, unless it is from an earlier publication, and the last one had no hook. -1 with
 * errno. */
static int history_is_good(const struct place *place, const struct found *found, bool is_live)
{
	cleanup_info struct info info = INFO_INIT;

	if (!(found->parts & FOUND(PART_HOOK)) || found->parts & FOUND(PART_GOOD))
		return true;
	return info_read(place->store_fd, found->number, is_live, &info) < 0 ? -1 : info.is_without_hook;
}

/* 0 for one that is about to be replaced, as far as its info says. */
static int64_t history_age(const struct info *info, int64_t number, const char *boot, int64_t now_ms)
{
	int64_t at_ms = info_replaced_at(info, number, boot);

	if (at_ms == 0)
		return 0;
	return at_ms < 0 || at_ms > now_ms ? -1 : now_ms - at_ms;
}

int history_read(struct history *history, const struct place *place, const struct found_list *found, int64_t live,
		 const struct info *info, const char *boot)
{
	const struct found *found_live = found_get(found, live);
	int64_t now_ms = clock_ms();

	*history = HISTORY_INIT;
	history->rules = (struct retention){ .live = live, .before = info->before };
	history->rules.is_hook_due = found_live && found_live->parts & FOUND(PART_HOOK);
	for (size_t i = 0; i < found->count; i++) {
		const struct found *one = &found->list[i];
		bool is_live = one->number == live && one->parts & FOUND(PART_DIRECTORY);
		struct retained *added;
		int is_good;

		if (!is_live && (!found_is_published(one) || place->layout->moves_entries))
			continue;
		is_good = history_is_good(place, one, is_live);
		added = is_good < 0 ? NULL : array_add(&history->list, &history->count, sizeof(*added));
		if (!added)
			return -1;
		*added = (struct retained){ .number = one->number,
					    .age_ms = history_age(info, one->number, boot, now_ms),
					    .is_in_line = line_has(&info->line, one->number),
					    .is_good = is_good };
	}
	return 0;
}
