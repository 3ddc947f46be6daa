/* SPDX-License-Identifier: ISC
 *
 * Which generations stay, by table: what is known of each, and what the rules of step 13 say of it. And the line that they go by.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "dir/line.h"
#include "dir/retention.h"
#include "tap.h"

#define MOST 16

/* A store, newest first: the number, then L (live), l (in the live one's line), g (good), y (young), B (what the live one replaced). */
struct row {
	const char *claim, *store;
	int keep;
	bool is_hook_due;
	const char *kept; /* with why: L live, k keep, y grace, h hook */
	int64_t leads_to; /* a rollback; 0: nowhere */
};

static const struct row rows[] = {
	{ "with `keep` 0 nothing but the live one stays", "3Lg 2lgB 1lg", 0, false, "3L", 2 },
	{ "`keep` counts the good ones of the line first", "5Lg 4g 3lB 2lg 1lg", 2, false, "5L 2k 1k", 2 },
	{ "`keep` counts other good ones second, the newest first", "6Lg 5g 4g 3lB 2lg 1", 2, false, "6L 5k 2k", 2 },
	{ "`keep` counts the others of the line third", "6Lg 5 4lB 3l 2 1lg", 3, false, "6L 4k 3k 1k", 1 },
	{ "`keep` counts all others last, the newest first", "4Lg 3 2 1", 2, false, "4L 3k 2k", 0 },
	{ "what the live one replaced stays while its hook is due, and so does the newest good one", "5L 4lB 3l 2lg 1lg", 0,
	  true, "5L 4h 2h", 2 },
	{ "what another rule keeps counts among those to keep", "5L 4lB 3l 2lg 1lg", 1, true, "5L 4h 2k", 2 },
	{ "what was replaced by a rollback stays while the hook is due", "3gB 2Lg 1lg", 0, true, "3h 2L 1h", 1 },
	{ "with nothing good behind, the first of the line stays while the hook is due", "3L 2lB 1l", 0, true, "3L 2h", 0 },
	{ "what was kept for the hook is not kept once the hook succeeded", "5Lg 4lB 3l 2lg 1lg", 0, false, "5L", 2 },
	{ "young ones stay, good or not", "4Lg 3lyB 2ly 1lg", 0, false, "4L 3y 2y", 1 },
	{ "young ones count among those to keep", "4Lg 3lgyB 2lgy 1lg", 1, false, "4L 3k 2y", 3 },
	{ "the live one is no candidate, whatever is known of it", "2gB 1Llgy", 1, false, "2k 1L", 1 },
	{ "where nothing is live good ones come first", "3 2g 1g", 1, false, "2k", 0 },
	{ "more can be kept than there are", "2Lg 1lgB", 100, false, "2L 1k", 1 },
};

static size_t retained_parse(const char *text, struct retention *rules, struct retained *list)
{
	size_t count = 0;

	while (*text) {
		struct retained *one = &list[count++];
		char *rest;

		*one = (struct retained){ .number = strtoll(text, &rest, 10), .age_ms = -1 };
		for (text = rest; *text && *text != ' '; text++) {
			rules->live = *text == 'L' ? one->number : rules->live;
			rules->before = *text == 'B' ? one->number : rules->before;
			one->is_in_line = one->is_in_line || *text == 'l';
			one->is_good = one->is_good || *text == 'g';
			one->age_ms = *text == 'y' ? 0 : one->age_ms;
		}
		text += *text == ' ';
	}
	return count;
}

static void retained_print(const struct retained *list, size_t count, char *text, size_t size)
{
	static const char why[] = { [ATOMICDIR_KEPT_LIVE] = 'L',
				    [ATOMICDIR_KEPT_KEEP] = 'k',
				    [ATOMICDIR_KEPT_GRACE] = 'y',
				    [ATOMICDIR_KEPT_HOOK] = 'h' };
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < count; i++)
		if (list[i].kept != ATOMICDIR_KEPT_NO_MORE)
			used += (size_t)snprintf(text + used, size - used, "%s%lld%c", used ? " " : "",
						 (long long)list[i].number, why[list[i].kept]);
}

static void test_row(const struct row *row)
{
	struct retention rules = { .keep = row->keep, .grace_ms = 1000, .is_hook_due = row->is_hook_due };
	struct retained list[MOST];
	const struct retained *good;
	size_t count = retained_parse(row->store, &rules, list);
	char kept[256];

	retention_decide(&rules, list, count);
	retained_print(list, count, kept, sizeof(kept));
	if (!ok(strcmp(kept, row->kept) == 0, row->claim))
		printf("# %s, keep %d: got '%s', wanted '%s'\n", row->store, row->keep, kept, row->kept);
	good = retention_go_back(list, count);
	if ((good ? good->number : 0) != row->leads_to)
		ok(false, "a rollback leads to the newest good one of the line");
}

static bool grace_has_a_limit(void)
{
	struct retention rules = { .live = 3000, .grace_ms = 1000 };
	size_t count = 3000, kept = 0;
	struct retained *list = calloc(count, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = (struct retained){ .number = 3000 - (int64_t)i, .is_good = true };
	retention_decide(&rules, list, count);
	for (size_t i = 0; i < count; i++)
		kept += list[i].kept == ATOMICDIR_KEPT_GRACE;
	free(list);
	return kept == RETENTION_YOUNG_MAX;
}

/* ---- Lines ---- */

static void line_end(struct line *line)
{
	line_clear(line);
}

/* What a text reads as, printed again. */
static bool line_reads(const char *text, const char *wanted)
{
	cleanup(line_end) struct line line = { 0 };
	cleanup_buffer struct buffer again = { 0 };

	if (line_parse(&line, text) < 0 || line_print(&line, &again) < 0)
		return false;
	return strcmp(again.size ? again.bytes : "", wanted) == 0;
}

static bool line_knows_its_numbers(void)
{
	cleanup(line_end) struct line line = { 0 };

	return line_parse(&line, "41-38 36 30-1") == 0 && line_has(&line, 41) && line_has(&line, 39) && line_has(&line, 38) &&
	       line_has(&line, 36) && line_has(&line, 1) && !line_has(&line, 42) && !line_has(&line, 37) &&
	       !line_has(&line, 31) && !line_has(&line, 0);
}

static bool line_makes_runs(void)
{
	cleanup(line_end) struct line line = { 0 }, more = { 0 };
	cleanup_buffer struct buffer text = { 0 };

	return line_add(&line, 9, false) == 0 && line_add(&line, 7, true) == 0 && line_add(&line, 4, false) == 0 &&
	       line_parse(&more, "5-2 1") == 0 && line_append(&line, &more, 4) == 0 && line_print(&line, &text) == 0 &&
	       strcmp(text.bytes, "9-7 4 3-2 1") == 0;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(&rows[i]);
	ok(grace_has_a_limit(), "no more than 1,000 are kept for being young");
	ok(line_knows_its_numbers(), "a line has the numbers of its runs and no others");
	ok(line_makes_runs(), "neighbours make a run, and what another line has below is added");
	ok(line_reads("41-38 36 30-1", "41-38 36 30-1"), "a line reads as it was written");
	ok(line_reads("", ""), "an empty one too");
	ok(line_reads("9 8 x 7", "9 8") && line_reads("9 -3", "9") && line_reads("9 0", "9") && line_reads("9 8-", "9") &&
		   line_reads("9 10", "9") && line_reads("9 5-7", "9") && line_reads("9999999999999999999 1", ""),
	   "what follows a mistake is left out");
	return done();
}
