/* SPDX-License-Identifier: ISC
 *
 * What stays of old generations, and where a rollback leads, through the public calls: histories by table, random ones against
 * a model, undone publications, and stores of the first version. SEED=N begins with other random ones.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static struct atomicdir_error error;
static int value; /* of the last fill, so that each differs */

/* ---- Publishing ---- */

enum hook { HOOK_NO, HOOK_WELL, HOOK_BADLY };

static const struct atomicdir_options *how(int64_t keep, enum hook hook)
{
	static struct atomicdir_options options;

	options = (struct atomicdir_options)ATOMICDIR_OPTIONS_INIT;
	options.keep = keep;
	options.grace_ms = 0;
	options.sync = ATOMICDIR_SYNC_NONE;
	options.hook = hook == HOOK_NO ? ATOMICDIR_HOOK_NONE : ATOMICDIR_HOOK_AFTER;
	return &options;
}

/* As the command does it: the hook that ends well is said to have, and what was kept for it goes. */
static bool end_hook(const char *link, struct atomicdir_generation *live, int64_t keep, enum hook hook)
{
	bool is_well = true;

	if (hook == HOOK_WELL && live && live->is_hook_due)
		is_well = atomicdir_hook_done(link, live->number, &error) == 0 &&
			  atomicdir_prune(link, how(keep, hook), NULL, &error) >= 0;
	free(live);
	return is_well;
}

static struct atomicdir_stage *begin(const char *link, int content, const struct atomicdir_options *options)
{
	struct atomicdir_stage *stage = atomicdir_begin(link, options, &error);
	char text[32];

	snprintf(text, sizeof(text), "%d", content);
	if (stage && atomicdir_write(stage, "value", text, strlen(text), 0644, &error) == 0)
		return stage;
	atomicdir_free(stage);
	return NULL;
}

static bool fill(const char *link, int content, int64_t keep, enum hook hook)
{
	struct atomicdir_stage *stage = begin(link, content, how(keep, hook));
	struct atomicdir_generation *live = NULL;
	bool is_done = stage && atomicdir_commit(stage, &live, &error) >= 0;

	atomicdir_free(stage);
	return end_hook(link, live, keep, hook) && is_done;
}

static bool roll_back(const char *link, int64_t generation, int64_t keep, enum hook hook)
{
	struct atomicdir_generation *live = NULL;
	bool is_done = atomicdir_rollback(link, generation, how(keep, hook), &live, &error) >= 0;

	return end_hook(link, live, keep, hook) && is_done;
}

/* "5L 4g 3b": the generations, newest first; L is live, g good, b not. */
static const char *listed(const char *link)
{
	static char text[4096];
	struct atomicdir_generation *list = NULL;
	size_t used = 0;

	*text = '\0';
	atomicdir_list(link, &list, &error);
	for (const struct atomicdir_generation *one = list; one; one = one->next)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRId64 "%s%s", used ? " " : "", one->number,
					 one->is_live ? "L" : "", one->is_good ? "g" : "b");
	free(list);
	return text;
}

static int64_t leads_to(const char *link)
{
	struct atomicdir_options options = *how(-1, HOOK_NO);
	struct atomicdir_generation *target = NULL;
	int64_t number = 0;

	options.dry_run = 1;
	if (atomicdir_rollback(link, -1, &options, &target, &error) == 1)
		number = target->number;
	else if (error.kind != ATOMICDIR_NO_GENERATION)
		number = -1;
	free(target);
	return number;
}

static bool is(const char *link, const char *wanted, int64_t wanted_target)
{
	int64_t target = leads_to(link);
	const char *got = listed(link);

	if (strcmp(got, wanted) == 0 && target == wanted_target)
		return true;
	printf("# got '%s', back to %" PRId64 "; wanted '%s', back to %" PRId64 "\n", got, target, wanted, wanted_target);
	return false;
}

/* ---- Histories by table ---- */

/* g: a fill whose hook ends well, b: one whose hook fails; r and f: a rollback whose hook ends well, or fails; a number: where
 * to. */
struct row {
	const char *claim, *history;
	int keep;
	const char *stays;
	int64_t leads_to;
};

static const struct row rows[] = {
	{ "with --keep 1 there is one to go back to", "g g g", 1, "3Lg 2g", 2 },
	{ "a release that fails does not push out what worked", "g b", 1, "2Lb 1g", 1 },
	{ "three releases that fail do not push it out, and the latest of them stays while the hook is due", "g b b b", 1,
	  "4Lb 3b 1g", 1 },
	{ "with --keep 2 two that worked stay", "g g b b", 2, "4Lb 3b 2g 1g", 2 },
	{ "after a rollback from a failed release to the first generation there is nothing to go back to", "g b r", 1, "2b 1Lg",
	  0 },
	{ "a good release after a rollback goes back to the generation that was rolled back to", "g b r g", 1, "3Lg 1g", 1 },
	{ "two rollbacks keep the newer good generations", "g g g g g r r", 3, "5g 4g 3Lg 2g", 2 },
	{ "a release after two rollbacks goes back to where they led", "g g g g g r r g", 3, "6Lg 5g 3g 2g", 3 },
	{ "a good generation stays good if its hook fails after a rollback to it", "g g f1 b", 1, "3Lb 1g", 1 },
	{ "where nothing ever worked there is nothing to go back to", "b b b", 1, "3Lb 2b", 0 },
	{ "with --keep 0 the generation to go back to stays while the hook is due", "g g b", 0, "3Lb 2g", 2 },
	{ "a rollback to the first generation keeps good newer ones", "g g g g r1 g", 3, "5Lg 4g 3g 1g", 1 },
	{ "a rollback by number may go back and forward again", "g g g g r1 r4", 3, "4Lg 3g 2g 1g", 3 },
	{ "a rollback by number may lead to a release that failed", "g b g r2", 2, "3g 2Lg 1g", 1 },
};

static bool play(const char *link, const char *history, int keep)
{
	bool is_done = true;

	for (; *history && is_done; history += strspn(history, " ")) {
		char what = *history++, *rest;
		int64_t to = strtoll(history, &rest, 10);
		enum hook hook = what == 'g' || what == 'r' ? HOOK_WELL : HOOK_BADLY;

		history = rest;
		if (what == 'g' || what == 'b')
			is_done = fill(link, ++value, keep, hook);
		else
			is_done = roll_back(link, to ? to : -1, -1, hook);
	}
	return is_done;
}

static void test_rows(void)
{
	char link[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];

		snprintf(link, sizeof(link), "row%zu", i);
		if (!ok(play(link, row->history, row->keep) && is(link, row->stays, row->leads_to), row->claim))
			printf("# %s, keep %d; %s\n", row->history, row->keep, error.text);
		if (strcmp(row->history, "g g b") == 0)
			ok(fill(link, value, row->keep, HOOK_WELL) && is(link, "3Lg", 0),
			   "with --keep 0 that generation is removed once the hook succeeded");
	}
}

static void test_texts(void)
{
	ok(play("named", "g b r", 5) && leads_to("named") == 0 &&
		   strstr(error.text, "'named' has no good generation that was live before the live one; kept: 2 (its hook has "
				      "never succeeded); give the number of the one to publish again; 'named' is unchanged"),
	   "where there is nothing to go back to the error names the generations that are kept");
	ok(play("alone", "g", 5) && leads_to("alone") == 0 && strstr(error.text, "no other one is kept"),
	   "where there is nothing to go back to and nothing else is kept, the error says so");
}

/* ---- Random histories, against a model ---- */

#define MOST 40

/* A generation as the rules see it, written down again in the plainest way: whole lines, no runs, no marks on a disk. */
struct model_generation {
	bool is_there, had_hook, ended_well, is_due;
	int64_t line[MOST];
	int line_count, content;
};
struct model {
	struct model_generation of[MOST + 1];
	int64_t live, before, next, keep;
};

static bool model_is_good(const struct model *model, int64_t number)
{
	return !model->of[number].had_hook || model->of[number].ended_well;
}

static bool model_is_in_line(const struct model *model, int64_t number)
{
	const struct model_generation *live = &model->of[model->live];

	for (int i = 0; i < live->line_count; i++)
		if (live->line[i] == number)
			return true;
	return false;
}

static int64_t model_back(const struct model *model, bool must_be_good)
{
	const struct model_generation *live = &model->of[model->live];

	for (int i = 0; i < live->line_count; i++)
		if (model->of[live->line[i]].is_there && (!must_be_good || model_is_good(model, live->line[i])))
			return live->line[i];
	return 0;
}

static void model_prune(struct model *model, int64_t keep)
{
	bool stays[MOST + 1] = { false };
	int64_t left = keep;

	for (int order = 0; order < 4; order++)
		for (int64_t n = model->next - 1; n > 0 && left > 0; n--)
			if (model->of[n].is_there && n != model->live && model_is_good(model, n) == (order < 2) &&
			    model_is_in_line(model, n) == (order % 2 == 0)) {
				stays[n] = true;
				left--;
			}
	stays[model->live] = true;
	if (model->of[model->live].is_due)
		stays[model->before] = stays[model_back(model, false)] = stays[model_back(model, true)] = true;
	for (int64_t n = 1; n < model->next; n++)
		model->of[n].is_there = model->of[n].is_there && stays[n];
}

static void model_publish(struct model *model, int64_t number, int64_t keep, enum hook hook)
{
	struct model_generation *one = &model->of[number];

	one->had_hook = hook != HOOK_NO;
	one->is_due = one->is_due || one->had_hook;
	model->before = model->live;
	model->live = number;
	model_prune(model, keep);
}

static void model_end_hook(struct model *model, int64_t keep, enum hook hook)
{
	struct model_generation *live = &model->of[model->live];

	if (hook != HOOK_WELL || !live->is_due)
		return;
	live->is_due = false;
	live->ended_well = true;
	model_prune(model, keep);
}

static int64_t model_add(struct model *model, int content)
{
	struct model_generation *one = &model->of[model->next], *live = &model->of[model->live];

	*one = (struct model_generation){ .is_there = true, .content = content };
	if (model->live)
		one->line[one->line_count++] = model->live;
	for (int i = 0; i < live->line_count; i++)
		if (model->of[live->line[i]].is_there)
			one->line[one->line_count++] = live->line[i];
	return model->next++;
}

static void model_fill(struct model *model, int content, int64_t keep, enum hook hook)
{
	model->keep = keep;
	if (model->live && model->of[model->live].content == content)
		model_prune(model, keep);
	else
		model_publish(model, model_add(model, content), keep, hook);
	model_end_hook(model, keep, hook);
}

static void model_roll_back(struct model *model, int64_t number, int64_t keep, enum hook hook)
{
	keep = keep < 0 ? model->keep : keep;
	if (number != model->live)
		model_publish(model, number, keep, hook);
	model_end_hook(model, keep, hook);
}

static const char *model_listed(const struct model *model)
{
	static char text[4096];
	size_t used = 0;

	*text = '\0';
	for (int64_t n = model->next - 1; n > 0; n--)
		if (model->of[n].is_there)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRId64 "%s%s", used ? " " : "", n,
						 n == model->live ? "L" : "", model_is_good(model, n) ? "g" : "b");
	return text;
}

/* Where a rollback would lead after a fill: to what was live, if that was good, else to where it would have led from there. */
static int64_t model_way_back(const struct model *model)
{
	return model->live && model_is_good(model, model->live) ? model->live : model_back(model, true);
}

static bool random_fill(struct model *model, const char *link)
{
	bool is_same = model->live && rand() % 6 == 0;
	int content = is_same ? model->of[model->live].content : ++value;
	int64_t keep = rand() % 5, way_back = model_way_back(model);
	enum hook hook = (enum hook)(rand() % 3);
	bool is_done = fill(link, content, keep, hook);

	model_fill(model, content, keep, hook);
	if (!is_done || is_same || !keep || leads_to(link) == way_back)
		return is_done;
	printf("# the release to go back to was %" PRId64 "\n", way_back);
	return false;
}

static bool random_rollback(struct model *model, const char *link)
{
	int64_t number = rand() % 2 ? -1 : 1 + rand() % (model->next - 1), keep = rand() % 3 ? -1 : rand() % 4;
	int64_t target = number < 0 ? model_back(model, true) : number;
	enum hook hook = (enum hook)(rand() % 3);
	bool is_done = roll_back(link, number, keep, hook);

	if (!target || !model->of[target].is_there)
		return !is_done && error.kind == ATOMICDIR_NO_GENERATION;
	model_roll_back(model, target, keep, hook);
	return is_done;
}

static bool random_prune(struct model *model, const char *link)
{
	int64_t keep = rand() % 2 ? -1 : rand() % 4;

	model_prune(model, keep < 0 ? model->keep : keep);
	return atomicdir_prune(link, how(keep, HOOK_NO), NULL, &error) >= 0;
}

/* The hook fails with the lock held, and what was live before is published again, with a hook of its own. */
static bool random_undo(struct model *model, const char *link)
{
	struct atomicdir_options options = *how(rand() % 4, HOOK_WELL);
	struct atomicdir_generation *live = NULL;
	enum hook hook = rand() % 2 ? HOOK_WELL : HOOK_BADLY;
	struct atomicdir_stage *stage;
	bool is_done;

	if (!model->live)
		return true;
	options.hook = ATOMICDIR_HOOK_LOCKED;
	stage = begin(link, ++value, &options);
	is_done = stage && atomicdir_commit(stage, NULL, &error) == 1 && atomicdir_undo(stage, &live, &error) == 1;
	atomicdir_free(stage);
	is_done = end_hook(link, live, -1, hook) && is_done;
	model->before = model_add(model, value);
	model->of[model->before].had_hook = model->of[model->before].is_due = true;
	model->keep = options.keep;
	model->of[model->live].had_hook = model->of[model->live].is_due = true;
	model_prune(model, model->keep);
	model_end_hook(model, model->keep, hook);
	return is_done;
}

/* A NULL text: all of it went as the model has it. */
static bool random_history(unsigned seed)
{
	struct model *model = calloc(1, sizeof(*model));
	bool is_so = model != NULL;
	char link[32];

	srand(seed);
	snprintf(link, sizeof(link), "random%u", seed);
	model->next = 1;
	for (int step = 0; is_so && step < MOST - 2; step++) {
		int choice = model->live ? rand() % 10 : 0;

		if (choice < 5)
			is_so = random_fill(model, link);
		else if (choice < 8)
			is_so = random_rollback(model, link);
		else
			is_so = choice == 8 ? random_undo(model, link) : random_prune(model, link);
		is_so = is(link, model_listed(model), model_back(model, true)) && is_so;
		if (!is_so)
			printf("# SEED=%u, step %d, choice %d: %s\n", seed, step, choice, error.text);
	}
	free(model);
	return is_so;
}

static void test_random(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 1;
	bool is_so = true;

	for (unsigned i = 0; is_so && i < 40; i++)
		is_so = random_history(seed + i);
	ok(is_so, "40 random histories keep just what the rules say, and lose no release to go back to");
}

/* ---- Undoing ---- */

static struct atomicdir_stage *commit_locked(const char *link, int content, int *result)
{
	struct atomicdir_options options = *how(0, HOOK_WELL);
	struct atomicdir_stage *stage;

	options.hook = ATOMICDIR_HOOK_LOCKED;
	stage = begin(link, content, &options);
	*result = atomicdir_commit(stage, NULL, &error);
	return stage;
}

static bool is_locked(const char *link)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_stage *stage;

	options.wait_ms = 0;
	stage = atomicdir_begin(link, &options, &error);
	atomicdir_free(stage);
	return !stage && error.kind == ATOMICDIR_BUSY;
}

static void test_undo(void)
{
	struct atomicdir_generation *live = NULL;
	struct atomicdir_stage *stage;
	int result;

	ok(fill("undone", 1, 0, HOOK_NO), "(a first generation is published)");
	stage = commit_locked("undone", 2, &result);
	ok(result == 1 && is_locked("undone"), "a commit with HOOK_LOCKED keeps the lock");
	ok(strcmp(listed("undone"), "2Lb 1g") == 0, "a commit with HOOK_LOCKED removes nothing, whatever `keep` says");
	ok(atomicdir_undo(stage, &live, &error) == 1 && live && live->number == 1 && live->is_hook_due && live->next &&
		   live->next->number == 2,
	   "undo publishes what was live before, with its hook due, and returns both generations");
	free(live);
	ok(atomicdir_undo(stage, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE, "a second undo is refused");
	ok(is_locked("undone"), "the lock is held until the stage is freed");
	atomicdir_free(stage);
	ok(!is_locked("undone") && is("undone", "2b 1Lb", 0),
	   "the generation that was undone is not good, and stays while the hook is due");
	ok(fill("undone", 1, 0, HOOK_WELL) && is("undone", "1Lg", 0),
	   "the generation that was undone is removed once that hook succeeded");
}

static void test_undo_after_death(void)
{
	struct atomicdir_stage *stage;
	int result;

	fill("dead", 1, 0, HOOK_WELL);
	fill("dead", 2, 0, HOOK_BADLY); /* what a death between the swap and the undo leaves */
	stage = commit_locked("dead", 2, &result);
	ok(result == 0 && atomicdir_undo(stage, NULL, &error) == 1,
	   "an unchanged commit can undo a publication whose process died with the hook due");
	atomicdir_free(stage);
	ok(is("dead", "2b 1Lg", 0), "then the generation before it is live");
}

static void test_undo_nothing(void)
{
	struct atomicdir_options options = *how(1, HOOK_WELL);
	struct atomicdir_stage *stage;
	int result;

	stage = commit_locked("first", 1, &result);
	ok(result == 1 && atomicdir_undo(stage, NULL, &error) < 0 && error.kind == ATOMICDIR_NO_GENERATION &&
		   strstr(error.text,
			  "'first' has no earlier live generation that still exists; 'first' still names generation 1"),
	   "a first publication cannot be undone, and the text says what LINK names");
	atomicdir_free(stage);
	stage = begin("first", 2, &options);
	ok(atomicdir_commit(stage, NULL, &error) == 1 && atomicdir_undo(stage, NULL, &error) < 0 &&
		   error.kind == ATOMICDIR_USAGE,
	   "a commit without HOOK_LOCKED cannot be undone");
	atomicdir_free(stage);
	options.hook = ATOMICDIR_HOOK_LOCKED;
	ok(atomicdir_rollback("first", 1, &options, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE,
	   "a rollback refuses HOOK_LOCKED");
}

/* ---- Leaving old generations to atomicdir_finish() ---- */

static struct atomicdir_stage *commit_leaving(const char *link, int content, int hook)
{
	struct atomicdir_options options = *how(0, HOOK_NO);
	struct atomicdir_stage *stage;

	options.hook = hook;
	options.leave_old = 1;
	stage = begin(link, content, &options);
	ok(stage && atomicdir_commit(stage, NULL, &error) == 1, "(a stage with leave_old is committed)");
	return stage;
}

static void test_finish(void)
{
	struct atomicdir_stage *stage;

	fill("left", 1, 0, HOOK_NO);
	stage = commit_leaving("left", 2, ATOMICDIR_HOOK_NONE);
	ok(strcmp(listed("left"), "2Lg 1g") == 0 && is_locked("left"),
	   "a commit with leave_old removes nothing, and keeps the lock");
	ok(atomicdir_undo(stage, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE,
	   "which does not mean that it can be undone");
	ok(atomicdir_finish(stage, &error) == 0 && !error.text[0] && strcmp(listed("left"), "2Lg") == 0 && !is_locked("left"),
	   "atomicdir_finish() removes old generations and releases the lock");
	ok(atomicdir_finish(stage, &error) == 0 && !error.text[0], "a second one has nothing left to do");
	atomicdir_free(stage);
	atomicdir_free(commit_leaving("left", 3, ATOMICDIR_HOOK_NONE));
	ok(strcmp(listed("left"), "3Lg") == 0 && !is_locked("left"), "atomicdir_free() does the same for who does not call it");
	stage = begin("left", 4, how(0, HOOK_NO));
	ok(atomicdir_finish(stage, &error) < 0 && error.kind == ATOMICDIR_USAGE && is_locked("left"),
	   "a stage that was not committed cannot be finished, and stays as it is");
	atomicdir_free(stage);
}

static void test_finish_dry_run(void)
{
	struct atomicdir_options options = *how(0, HOOK_NO);
	struct atomicdir_stage *stage;

	options.dry_run = options.leave_old = 1;
	stage = begin("left", 5, &options);
	ok(stage && atomicdir_commit(stage, NULL, &error) == 1 && atomicdir_finish(stage, &error) == 0 && !error.text[0] &&
		   strcmp(listed("left"), "3Lg") == 0 && !is_locked("left"),
	   "a dry run is finished as a publication is, and releases the lock");
	atomicdir_free(stage);
}

static void test_finish_with_pin(void)
{
	struct atomicdir_stage *stage;
	int pin_fd;

	fill("pinned", 1, 0, HOOK_NO);
	pin_fd = atomicdir_pin("pinned", NULL, &error);
	stage = commit_leaving("pinned", 2, ATOMICDIR_HOOK_NONE);
	ok(!error.text[0], "a commit with leave_old does not warn of what it does not remove");
	ok(atomicdir_finish(stage, &error) == 0 && error.kind == ATOMICDIR_OK && strstr(error.text, "a reader has pinned it"),
	   "what atomicdir_finish() cannot remove is a warning");
	atomicdir_free(stage);
	close(pin_fd);
}

static void test_finish_undone(void)
{
	struct atomicdir_stage *stage;

	for (int i = 1; i <= 3; i++)
		fill("left-undone", i, 2, HOOK_NO);
	stage = commit_leaving("left-undone", 4, ATOMICDIR_HOOK_LOCKED);
	ok(atomicdir_undo(stage, NULL, &error) == 1 && strcmp(listed("left-undone"), "4b 3Lb 2g 1g") == 0 &&
		   is_locked("left-undone"),
	   "an undo with leave_old removes nothing, and keeps the lock");
	ok(atomicdir_undo(stage, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE, "it cannot be undone in its turn");
	ok(atomicdir_finish(stage, &error) == 0 && strcmp(listed("left-undone"), "4b 3Lb 2g") == 0 && !is_locked("left-undone"),
	   "atomicdir_finish() removes what is not kept after it");
	atomicdir_free(stage);
}

static int populate_left(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *why)
{
	return atomicdir_write(stage, "value", arg, 1, 0644, why);
}

static void test_fill_leaving(void)
{
	struct atomicdir_options options = *how(0, HOOK_NO);
	char content[] = "2";
	int pin_fd;

	fill("whole", 1, 0, HOOK_NO);
	pin_fd = atomicdir_pin("whole", NULL, &error);
	options.leave_old = 1;
	ok(atomicdir_fill("whole", populate_left, content, &options, &error) == 1 && strstr(error.text, "has pinned it"),
	   "atomicdir_fill() leaves nothing, and warns of what it cannot remove");
	close(pin_fd);
}

/* ---- What calls are told is for them, what fills are told is remembered ---- */

static void test_remembered(void)
{
	for (int i = 0; i < 6; i++)
		fill("told", ++value, 4, HOOK_NO);
	ok(is("told", "6Lg 5g 4g 3g 2g", 5), "(four old generations are kept)");
	ok(roll_back("told", 5, 3, HOOK_NO) && is("told", "5Lg 4g 3g 2g", 4), "the `keep` of a rollback holds for that call");
	ok(roll_back("told", 4, 0, HOOK_NO) && is("told", "4Lg", 0), "the `keep` of a second rollback holds for that call");
	for (int i = 0; i < 3; i++)
		fill("told", ++value, 4, HOOK_NO);
	ok(roll_back("told", 4, 5, HOOK_NO) && roll_back("told", 9, -1, HOOK_NO) && is("told", "9Lg 8g 7g 4g", 8),
	   "a rollback without `keep` uses that of the last fill");
	ok(atomicdir_prune("told", how(2, HOOK_NO), NULL, &error) == 1 && is("told", "9Lg 8g 7g", 8),
	   "the `keep` of a prune holds for that call");
	ok(atomicdir_prune("told", how(-1, HOOK_NO), NULL, &error) == 0, "the `keep` of a prune is not recorded");
	value++;
	ok(fill("same", value, 3, HOOK_NO) && fill("same", ++value, 3, HOOK_NO) && fill("same", value, 0, HOOK_NO) &&
		   is("same", "2Lg", 0),
	   "the `keep` of an unchanged fill holds at once");
	ok(roll_back("same", 2, 5, HOOK_NO) && fill("same", ++value, 0, HOOK_NO) && is("same", "3Lg", 0),
	   "the `keep` of an unchanged fill is recorded for later calls");
}

/* ---- Marks ---- */

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static void test_marks(void)
{
	int fd;

	fill("marked", 1, 1, HOOK_WELL);
	ok(exists(".marked.atomicdir/000001.good") && !exists(".marked.atomicdir/000001.hook"),
	   "a hook that succeeds turns N.hook into N.good");
	fill("marked", 2, 1, HOOK_WELL);
	roll_back("marked", 1, -1, HOOK_BADLY);
	ok(exists(".marked.atomicdir/000001.good") && exists(".marked.atomicdir/000001.hook"),
	   "a rollback to a good generation adds a new N.hook");
	fill("marked", 3, 0, HOOK_NO);
	ok(is("marked", "3Lg", 0) && !exists(".marked.atomicdir/000001.good") && !exists(".marked.atomicdir/000002.good"),
	   "N.good is removed with its generation");
	fill("run", 1, 0, HOOK_BADLY);
	fd = open(".run.atomicdir/000001.hook", O_RDONLY | O_CLOEXEC);
	ok(flock(fd, LOCK_EX | LOCK_NB) == 0 && fill("run", 2, 0, HOOK_NO) && is("run", "2Lg 1b", 0),
	   "a generation whose hook is running stays");
	close(fd);
	ok(fill("run", 2, 0, HOOK_NO) && is("run", "2Lg", 0), "a generation whose hook has ended is removed");
	fill("late", 1, 1, HOOK_BADLY);
	roll_back("late", 1, -1, HOOK_NO);
	fill("late", 2, 1, HOOK_WELL);
	ok(roll_back("late", 1, -1, HOOK_NO) && strcmp(listed("late"), "2g 1Lg") == 0 && exists(".late.atomicdir/000001.hook"),
	   "a generation last published without a hook is good, whatever mark it has");
	close(open(".late.atomicdir/000009.good", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	fill("late", 3, 1, HOOK_NO);
	ok(!exists(".late.atomicdir/000009.good"), "a mark without a generation is removed");
}

/* ---- Stores of the first version ---- */

/* As the first version wrote it: no line, and a hook that ended well left nothing. */
static void write_old_info(const char *link, int64_t number, int64_t previous)
{
	char path[64], good[64];
	FILE *file;

	snprintf(path, sizeof(path), ".%s.atomicdir/%06" PRId64 ".info", link, number);
	snprintf(good, sizeof(good), ".%s.atomicdir/%06" PRId64 ".good", link, number);
	unlink(good);
	file = fopen(path, "w");
	if (!file)
		return;
	fprintf(file,
		"created_ms 1700000000000\nprevious %" PRId64
		"\nfiles 1\nbytes 1\nsynced 0\ntop_mode 0755\nkeep 5\ngrace_ms 0\n"
		"boot 0\n",
		previous);
	fclose(file);
}

static void test_first_version(void)
{
	play("old", "g g b g", 9);
	for (int64_t number = 1; number <= 4; number++)
		write_old_info("old", number, number - 1);
	ok(is("old", "4Lg 3b 2g 1g", 2),
	   "in a store of the first version, generations without a mark are good, and the line is found");
	ok(atomicdir_prune("old", how(1, HOOK_NO), NULL, &error) == 2 && is("old", "4Lg 2g", 2),
	   "a prune in a store of the first version keeps the good one");
	ok(fill("old", ++value, -1, HOOK_NO) && is("old", "5Lg 4g", 4),
	   "a fill in a store of the first version keeps its good generations");
	ok(fill("old", ++value, 9, HOOK_NO) && roll_back("old", 4, -1, HOOK_NO) && is("old", "6g 5g 4Lg", 0),
	   "(the generation before 4 has been removed)");
	play("gap", "g g b g", 9);
	for (int64_t number = 1; number <= 4; number++)
		write_old_info("gap", number, number - 1);
	ok(fill("gap", ++value, 3, HOOK_NO) && roll_back("gap", 4, -1, HOOK_NO) && is("gap", "5g 4Lg 2g 1g", 2),
	   "a line of the first version survives the removal of generations in it");
	play("back", "g g g", 9);
	roll_back("back", 2, -1, HOOK_NO);
	for (int64_t number = 1; number <= 3; number++)
		write_old_info("back", number, number - 1);
	ok(is("back", "3g 2Lg 1g", 1), "after a rollback the first version's line leads further back");
	play("due", "g b", 9);
	write_old_info("due", 1, 0);
	write_old_info("due", 2, 1);
	ok(is("due", "2Lb 1g", 1) && fill("due", value, 0, HOOK_WELL) && is("due", "2Lg", 0),
	   "a hook that the first version left due is run, and the generation is good then");
}

/* ---- Many ---- */

static void make_generation(const char *link, int number, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), ".%s.atomicdir/%06d", link, number);
	mkdir(path, 0755);
	strcat(path, ".info");
	file = fopen(path, "w");
	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

/* The processor's time for a list, a fill and a prune where so many are kept, in clocks. */
static double cost_of(const char *link, int count, bool is_first_version)
{
	char text[128];
	clock_t began;

	fill(link, 1, 1 << 30, HOOK_NO);
	for (int number = 2; number < count; number++) {
		snprintf(text, sizeof(text), "keep %d\nprevious %d\n", 1 << 30, number - 1);
		make_generation(link, number, text);
	}
	snprintf(text, sizeof(text), is_first_version ? "keep %d\nprevious %d\n" : "keep %d\nline %d-1\n", 1 << 30, count - 1);
	make_generation(link, count, text);
	snprintf(text, sizeof(text), ".%s.atomicdir/%06d", link, count);
	if (unlink(link) < 0 || symlink(text, link) < 0)
		return -1;
	began = clock();
	for (int i = 0; i < 3; i++)
		if (!fill(link, ++value, 1 << 30, HOOK_NO) || atomicdir_list(link, NULL, &error) < count)
			return -1;
	if (atomicdir_prune(link, how(count / 2, HOOK_NO), NULL, &error) < count / 3)
		return -1;
	return (double)(clock() - began);
}

/* Four times as many, and the list sorted: nearly four times the work. Were it quadratic anywhere it would be sixteen. */
static void test_many(void)
{
	double few = cost_of("few", 1500, false), many = cost_of("many", 6000, false);
	double few_old = cost_of("few-old", 1500, true), many_old = cost_of("many-old", 6000, true);

	printf("# 1,500: %.0f; 6,000: %.0f; of the first version %.0f and %.0f\n", few, many, few_old, many_old);
	ok(few > 0 && many > 0 && many < few * 9, "four times the generations cost no more than in proportion");
	ok(few_old > 0 && many_old > 0 && many_old < few_old * 9,
	   "four times the generations of the first version cost no more than in proportion");
}

int main(void)
{
	char directory[] = "/tmp/keeping_test.XXXXXX", remove[64];

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 2;
	test_rows();
	test_texts();
	test_random();
	test_undo();
	test_undo_after_death();
	test_undo_nothing();
	test_finish();
	test_finish_dry_run();
	test_finish_with_pin();
	test_finish_undone();
	test_fill_leaving();
	test_remembered();
	test_marks();
	test_first_version();
	test_many();
	snprintf(remove, sizeof(remove), "rm -rf %s", directory);
	if (chdir("/") < 0 || system(remove) != 0)
		return 2;
	return done();
}
