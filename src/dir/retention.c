/* SPDX-License-Identifier: ISC */
#include "dir/retention.h"

static void retention_keep(struct retained *one, enum atomicdir_kept why)
{
	if (one->kept == ATOMICDIR_KEPT_NO_MORE)
		one->kept = why;
}

static void retention_keep_live(const struct retention *rules, struct retained *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		list[i].kept = ATOMICDIR_KEPT_NO_MORE;
		if (list[i].number == rules->live)
			list[i].kept = ATOMICDIR_KEPT_LIVE;
	}
}

/* `keep` counts the good generations of the line first, to which a rollback may lead, then other good ones. So failed releases
 * never displace a good one. */
static void retention_keep_first(const struct retention *rules, struct retained *list, size_t count)
{
	static const struct {
		bool is_good, is_in_line;
	} order[] = { { true, true }, { true, false }, { false, true }, { false, false } };
	int64_t left = rules->keep;

	for (size_t turn = 0; turn < sizeof(order) / sizeof(*order); turn++)
		for (size_t i = 0; i < count && left > 0; i++) {
			if (list[i].is_good != order[turn].is_good || list[i].is_in_line != order[turn].is_in_line ||
			    list[i].number == rules->live)
				continue;
			retention_keep(&list[i], ATOMICDIR_KEPT_KEEP);
			left--;
		}
}

static void retention_keep_young(const struct retention *rules, struct retained *list, size_t count)
{
	size_t young = 0;

	for (size_t i = 0; i < count && young < RETENTION_YOUNG_MAX; i++) {
		if (list[i].age_ms < 0 || list[i].age_ms >= rules->grace_ms || list[i].number == rules->live)
			continue;
		retention_keep(&list[i], ATOMICDIR_KEPT_GRACE);
		young++;
	}
}

/* As long as the live one's hook is due, the generations that it may go back to are kept, however small `keep` is. */
static void retention_keep_for_hook(const struct retention *rules, struct retained *list, size_t count)
{
	const struct retained *good = retention_go_back(list, count);
	bool is_first = true;

	if (!rules->is_hook_due)
		return;
	for (size_t i = 0; i < count; i++) {
		bool is_first_in_line = list[i].is_in_line && is_first;

		is_first = is_first && !list[i].is_in_line;
		if (is_first_in_line || &list[i] == good || list[i].number == rules->before)
			retention_keep(&list[i], ATOMICDIR_KEPT_HOOK);
	}
}

void retention_decide(const struct retention *rules, struct retained *list, size_t count)
{
	retention_keep_live(rules, list, count);
	retention_keep_first(rules, list, count);
	retention_keep_young(rules, list, count);
	retention_keep_for_hook(rules, list, count);
}

const struct retained *retention_go_back(const struct retained *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].is_in_line && list[i].is_good)
			return &list[i];
	return NULL;
}
