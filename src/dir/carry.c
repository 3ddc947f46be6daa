/* SPDX-License-Identifier: ISC */
#include "dir/carry.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/lend.h"
#include "dir/part.h"

/* One of the older generations. */
struct older {
	struct atomicdir_stage *stage;
	int64_t number;
	int64_t position;		       /* 1: the live one */
	struct carried carried;		       /* what it only carried */
	struct carried directories;	       /* those that hold something that is due */
	size_t due;			       /* how many files and symlinks the walk has met that are due */
	size_t due_before[TREE_DEPTH_MAX + 2]; /* how many before the directory at each depth */
};

static void older_clear(struct older *older)
{
	carried_clear(&older->carried);
	carried_clear(&older->directories);
}

static int64_t older_age(const struct older *older, const char *path)
{
	return older->position + carried_age(&older->carried, path);
}

static bool older_is_due(const struct older *older, const char *path, mode_t mode)
{
	return (S_ISREG(mode) || S_ISLNK(mode)) && older_age(older, path) <= older->stage->writer.options.carry_generations;
}

/* ---- First walk: which directories hold something that is due. The others are not to be made ---- */

static int older_enter(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct older *older = arg;

	(void)error;
	older->due_before[entry->depth] = older->due;
	return 0;
}

static int older_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct older *older = arg;

	if (older_is_due(older, entry->path, entry->facts.mode))
		older->due++;
	if (entry->fd < 0 || older->due == older->due_before[entry->depth])
		return 0;
	if (carried_add(&older->directories, entry->path, 1) < 0)
		return error_system(error, ENOMEM, NULL, "cannot list what comes along");
	return 0;
}

/* ---- Second walk: the copy ---- */

static bool older_wants(void *arg, const char *path, mode_t mode)
{
	const struct older *older = arg;

	return S_ISDIR(mode) ? carried_age(&older->directories, path) : older_is_due(older, path, mode);
}

static int older_made(void *arg, const char *path)
{
	struct older *older = arg;

	return carried_add(&older->stage->carried, path, older_age(older, path));
}

static int older_copy(struct older *older, int fd, struct atomicdir_error *error)
{
	struct atomicdir_stage *stage = older->stage;
	struct walk walk = {
		.enter = older_enter, .visit = older_visit, .arg = older, .is_generation = true, .stop = &stage->stop
	};
	struct copy_choice choice = { older_wants, older_made, older };
	struct copy_rules rules = { .choice = &choice,
				    .merges = true,
				    .is_exact = true,
				    .requires_attributes = stage->writer.options.require_xattrs,
				    .stop = &stage->stop,
				    .writer = &stage->writer,
				    .place = &stage->writer.place,
				    .from = older->number,
				    .to = stage->number };
	int done = tree_walk(&walk, fd, error);

	carried_sort(&older->directories);
	if (done == 0 && older->due)
		done = tree_copy_content(fd, stage->fd, &rules, error);
	stage->lost_attributes += rules.lost;
	return done;
}

static int older_bring(struct atomicdir_stage *stage, int64_t number, int64_t position, struct atomicdir_error *error)
{
	const struct place *place = &stage->writer.place;
	cleanup(older_clear) struct older older = { .stage = stage, .number = number, .position = position };
	cleanup_fd int fd = place_open_generation(place, number);

	/* Where room ran out meanwhile it may have been removed to make some. */
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || carried_read(place->store_fd, number, &older.carried) < 0)
		return error_system(error, errno, place->name.link,
				    "cannot read generation %" PRId64 ", whose files should come along, of", number);
	/* So that it is not removed to make room as long as it is read. */
	flock(fd, LOCK_SH | LOCK_NB);
	return older_copy(&older, fd, error);
}

/* ---- All of them ---- */

static int carry_each(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct writer *writer = &stage->writer;
	int64_t position = 1, last = writer->options.carry_generations;

	if (older_bring(stage, writer->live.number, position, error) < 0)
		return -1;
	for (size_t i = 0; i < writer->found.count && position < last; i++) {
		const struct found *one = &writer->found.list[i];

		if (found_is_published(one) && line_has(&writer->info.line, one->number) &&
		    older_bring(stage, one->number, ++position, error) < 0)
			return -1;
	}
	return 0;
}

static int carry_read_live(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct writer *writer = &stage->writer;

	if (stage->has_live_carried || !writer->live.number || !writer->options.carry_generations)
		return 0;
	if (carried_read(writer->place.store_fd, writer->live.number, &stage->live_carried) < 0)
		return error_system(error, errno, writer->place.name.link,
				    "cannot read which files the live generation carries of");
	stage->has_live_carried = true;
	return 0;
}

int carry_older(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	struct lending lending;
	int done;

	if (stage->has_carried || !stage->writer.live.number || !stage->writer.options.carry_generations)
		return 0;
	if (carry_read_live(stage, error) < 0)
		return -1;
	if (lending_begin(&lending, stage->fd) < 0)
		return error_system(error, errno, stage->path, "cannot write in the new directory");
	done = carry_each(stage, error);
	lending_end(&lending);
	carried_sort(&stage->carried);
	stage->has_carried = done == 0;
	return done;
}

struct live_choice {
	const struct carried *without;
	const struct manifest *only; /* NULL: all */
};

static bool carry_is_own(void *arg, const char *path, mode_t mode)
{
	const struct live_choice *live = arg;

	return !carried_age(live->without, path) && (!live->only || manifest_has(live->only, path, mode));
}

int carry_live(struct atomicdir_stage *stage, const struct content *content, struct copy_rules *rules,
	       struct atomicdir_error *error)
{
	struct live_choice live = { &stage->live_carried, content->only };
	struct copy_choice choice = { .wants = carry_is_own, .arg = &live };
	int done;

	if (carry_read_live(stage, error) < 0)
		return -1;
	rules->choice = &choice;
	done = stage_copy_directory(stage, content->fd, rules, error);
	rules->choice = NULL;
	return done;
}

const struct carried *carry_record(const struct atomicdir_stage *stage)
{
	const struct writer *writer = &stage->writer;
	const struct found *live = found_get(&writer->found, writer->live.number);

	if (stage->is_own_unchanged)
		return NULL;
	if (!writer->options.carry_generations)
		return live && live->parts & FOUND(PART_CARRIED) ? &stage->carried : NULL;
	return carried_is_same(&stage->carried, &stage->live_carried) ? NULL : &stage->carried;
}
