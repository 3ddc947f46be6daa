/* SPDX-License-Identifier: ISC */
#include "judge.h"

#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content.h"
#include "support/tree.h"

#define NEXT "what comes next"

static bool __attribute__((format(printf, 2, 3))) fails(struct judge *judge, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(judge->why, sizeof(judge->why), format, values);
	va_end(values);
	return false;
}

/* A warning counts too: a power cut is no reason for one. */
static bool went_well(struct judge *judge, const char *what, int result, int wanted, const struct atomicdir_error *error)
{
	if (result == wanted && !*error->text)
		return true;
	return fails(judge, "%s gave %d, not %d: %s", what, result, wanted, error->text);
}

static int last_version(const struct scenario *scenario)
{
	int live = 0;

	for (size_t i = 0; i < sizeof(scenario->before) / sizeof(*scenario->before); i++)
		if (scenario->before[i].verb != NOTHING)
			live = scenario->before[i].live;
	return live;
}

static bool is_legal(const struct scenario *scenario, int reported, int version)
{
	if (version == (reported ? scenario->then[reported - 1].live : last_version(scenario)))
		return true;
	for (size_t i = (size_t)reported; i < sizeof(scenario->then) / sizeof(*scenario->then); i++)
		if (scenario->then[i].verb != NOTHING &&
		    (scenario->then[i].live == version ||
		     (scenario->then[i].verb == UNDONE && scenario->then[i].version == version)))
			return true;
	return false;
}

static void path_in(const struct judge *judge, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", judge->directory, name);
}

/* The version at LINK, or BROKEN. */
static int read_live(struct judge *judge)
{
	char path[128], why[256];
	int version;

	path_in(judge, judge->layout->content, path, sizeof(path));
	if (judge->layout->is_by_file)
		version = content_read_files(path, why, sizeof(why));
	else if (judge->layout->is_volume)
		version = content_read_volume(path, why, sizeof(why));
	else
		version = content_read(path, why, sizeof(why));
	if (version == CONTENT_BROKEN)
		fails(judge, "what LINK names is not whole: %s", why);
	return version;
}

static bool is_live(struct judge *judge, const char *when, int version)
{
	int found = read_live(judge);

	if (found == version)
		return true;
	return found == CONTENT_BROKEN ? false : fails(judge, "%s LINK names version %d, not %d", when, found, version);
}

/* ---- The store ---- */

static int raise_to_number(void *arg, const char *name)
{
	int64_t *highest = arg, number = strtoll(name, NULL, 10);

	if (number > *highest)
		*highest = number;
	return 0;
}

/* The highest number that any name in the store begins with; 0 where there is no store. */
static int64_t highest_number(const struct judge *judge)
{
	char path[128];
	int64_t highest = 0;

	path_in(judge, judge->layout->store, path, sizeof(path));
	tree_read_names(AT_FDCWD, path, raise_to_number, &highest);
	return highest;
}

struct tidying {
	struct judge *judge;
	int64_t live;
};

static bool belongs_to(const char *name, int64_t generation)
{
	char directory[32], info[40], good[40], files[40];

	snprintf(directory, sizeof(directory), "%06" PRId64, generation);
	snprintf(info, sizeof(info), "%s.info", directory);
	snprintf(good, sizeof(good), "%s.good", directory);
	snprintf(files, sizeof(files), "%s.files", directory);
	return strcmp(name, directory) == 0 || strcmp(name, info) == 0 || strcmp(name, good) == 0 || strcmp(name, files) == 0 ||
	       strcmp(name, "live") == 0;
}

static int look_for_leftover(void *arg, const char *name)
{
	const struct tidying *tidying = arg;

	if (strcmp(name, "lock") == 0 || belongs_to(name, tidying->live))
		return 0;
	fails(tidying->judge, "%s is left over", name);
	return 1;
}

/* After a prune that kept nothing: the lock and the live generation. */
static bool is_tidy(struct judge *judge, int64_t live)
{
	struct tidying tidying = { judge, live };
	char path[128];
	int result;

	path_in(judge, judge->layout->store, path, sizeof(path));
	result = tree_read_names(AT_FDCWD, path, look_for_leftover, &tidying);
	return result < 0 ? fails(judge, "the store cannot be read: %s", strerror(errno)) : result == 0;
}

/* ---- What comes next ---- */

static int populate(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *error)
{
	(void)arg;
	return atomicdir_write(stage, "next", NEXT, strlen(NEXT), 0644, error);
}

static bool is_next_live(struct judge *judge)
{
	char path[160], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/next", judge->directory, judge->layout->content);
	file = fopen(path, "re");
	if (file && !fgets(text, sizeof(text), file))
		*text = '\0';
	if (file)
		fclose(file);
	return strcmp(text, NEXT) == 0 ? true : fails(judge, "the next fill's content is not at LINK");
}

static bool is_store_there(const struct judge *judge)
{
	char path[128];

	path_in(judge, judge->layout->store, path, sizeof(path));
	return access(path, F_OK) == 0;
}

/* Whether it was detached. */
static bool is_directory(const struct judge *judge)
{
	struct stat status;
	char data[128];

	snprintf(data, sizeof(data), "%s/%s", judge->link, judge->layout->is_by_file ? "..atomicdir/live" : "..data");
	return lstat(judge->link, &status) == 0 && S_ISDIR(status.st_mode) && lstat(data, &status) < 0;
}

/* A removal is repeated, and so is a detach whose directory has come to LINK; before that it would wait for readers. No store is left. */
static bool unpublish(struct judge *judge, const struct atomicdir_options *options, int version)
{
	enum verb verb = judge->scenario->then[0].verb;
	struct atomicdir_error error;
	int result;

	if ((verb != DETACH && verb != REMOVE) || (verb == REMOVE && version))
		return true;
	if (verb == DETACH && !is_directory(judge))
		return true;
	result = verb == DETACH ? atomicdir_detach(judge->link, options, &error)
				: atomicdir_remove(judge->link, options, &error);
	if (!went_well(judge, "finishing it", result > 0 ? 0 : result, 0, &error))
		return false;
	if (is_store_there(judge))
		return fails(judge, "a store is left");
	return is_live(judge, "after it", version);
}

/* A directory of somebody else's is there until an adoption made it ours. */
static bool adopt(struct judge *judge, const struct atomicdir_options *options, int version)
{
	struct atomicdir_error error;
	int result;

	if (judge->layout->is_by_file)
		return true;
	if (judge->scenario->then[0].verb != ADOPT && (judge->scenario->then[0].verb != DETACH || judge->layout->is_volume))
		return true;
	result = atomicdir_adopt(judge->link, options, &error);
	return went_well(judge, "the next adoption", result > 0 ? 0 : result, 0, &error) && is_live(judge, "after it", version);
}

/* The number at LINK, and whether a rollback leads to it by itself once another one is live. */
static bool look(struct judge *judge, int64_t *number, bool *is_good)
{
	struct atomicdir_generation *live = NULL;
	struct atomicdir_error error;

	if (!went_well(judge, "showing it", atomicdir_show(judge->link, &live, &error), 0, &error))
		return false;
	*number = live->number;
	*is_good = live->is_good;
	free(live);
	return true;
}

/* A prune that keeps nothing, once no hook is due for which something stays. */
static bool ends(struct judge *judge, struct atomicdir_options options, int64_t number)
{
	struct atomicdir_error error;
	int result = atomicdir_hook_done(judge->link, number, &error);

	if (!went_well(judge, "the end of a hook", result, 0, &error))
		return false;
	options.keep = 0;
	result = atomicdir_prune(judge->link, &options, NULL, &error);
	return went_well(judge, "a prune", result < 0 ? result : 0, 0, &error) && is_tidy(judge, number);
}

static bool goes_on(struct judge *judge, int version)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_error error;
	int64_t highest, old = 0, number;
	bool is_good = true, ignored;
	int result;

	options.sync = judge->sync;
	if (judge->layout->is_volume)
		options.layout = ATOMICDIR_LAYOUT_VOLUME;
	if (judge->layout->is_by_file)
		options.layout = ATOMICDIR_LAYOUT_FILES;
	options.keep = judge->layout->is_by_file ? 0 : 3; /* what was live is kept, good or not */
	options.grace_ms = 0;
	if (!unpublish(judge, &options, version))
		return false;
	/* A directory like any other is no volume. */
	if ((judge->layout->is_volume || judge->layout->is_by_file) && judge->scenario->then[0].verb == DETACH &&
	    is_directory(judge))
		return true;
	highest = highest_number(judge);
	if (!adopt(judge, &options, version) || (version && !look(judge, &old, &is_good)))
		return false;
	if (!went_well(judge, "the next fill", atomicdir_fill(judge->link, populate, NULL, &options, &error), 1, &error) ||
	    !is_next_live(judge) || !look(judge, &number, &ignored))
		return false;
	if (number <= highest)
		return fails(judge, "number %" PRId64 " was given again: %" PRId64 " was there", number, highest);
	if (version && !judge->layout->is_by_file) {
		result = atomicdir_rollback(judge->link, is_good ? -1 : old, &options, NULL, &error);
		if (!went_well(judge, "a rollback", result, 1, &error) || !is_live(judge, "after it", version))
			return false;
		number = old;
	}
	return ends(judge, options, number);
}

/* Each file is whole at once; the set is when the next command that writes has ended. What a removal has begun it does not take back. */
static bool finishes(struct judge *judge)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	char path[128], why[256];
	struct atomicdir_error error;
	int result;

	path_in(judge, judge->layout->content, path, sizeof(path));
	if (content_read_by_file(path, why, sizeof(why)) == CONTENT_BROKEN)
		return fails(judge, "a file is neither old nor new: %s", why);
	options.sync = judge->sync;
	options.layout = ATOMICDIR_LAYOUT_FILES;
	result = judge->scenario->then[0].verb == REMOVE && judge->scenario->then[1].verb != FILL
			 ? atomicdir_remove(judge->link, &options, &error)
			 : atomicdir_prune(judge->link, &options, NULL, &error);
	return went_well(judge, "finishing it", result < 0 ? result : 0, 0, &error);
}

bool judge_holds(struct judge *judge, int reported)
{
	bool may_be_partial = judge->layout->is_by_file && judge->scenario->then[0].verb == REMOVE;
	int version = judge->layout->is_by_file && !finishes(judge) ? CONTENT_BROKEN : read_live(judge);

	/* Half of the files of a removal that was not finished: the next fill places all of its own. */
	if (version == CONTENT_BROKEN && may_be_partial && strncmp(judge->why, "what LINK names", 15) == 0 && reported < 2)
		version = 0;

	if (version == CONTENT_BROKEN)
		return false;
	if (!may_be_partial && !is_legal(judge->scenario, reported, version))
		return fails(judge, "LINK names version %d although %d of the actions had reported success", version, reported);
	if (judge->scenario->then[0].verb == DETACH && reported && !is_directory(judge))
		return fails(judge, "LINK is no directory although that had been reported");
	return goes_on(judge, version);
}
