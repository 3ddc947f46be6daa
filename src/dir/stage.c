/* SPDX-License-Identifier: ISC */
#include "dir/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/begin.h"
#include "dir/note.h"
#include "dir/part.h"
#include "dir/prune.h"
#include "dir/put.h"
#include "dir/room.h"

struct atomicdir_stage *stage_new(struct atomicdir_error *error)
{
	struct atomicdir_stage *stage = calloc(1, sizeof(*stage));

	if (!stage) {
		error_system(error, errno, NULL, "cannot begin");
		return NULL;
	}
	stage->writer = WRITER_INIT;
	stage->held = HELD_INIT;
	stage->fd = stage->recent_fd = stage->from_fd = -1;
	return stage;
}

static int stage_make_directory(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct place *place = &stage->writer.place;
	mode_t default_mode = stage->writer.options.top_mode_default;
	char name[NAME_NUMBER_SIZE];

	stage->number = is_broken("numbers-used-again")
				? stage->writer.live.number + 1
				: store_take_number(&stage->writer.store, place, stage->writer.highest, error);
	if (stage->number < 0)
		return -1;
	free_pointer(&stage->path);
	stage->path = place_generation_path(place, stage->number);
	if (!stage->path)
		return error_system(error, errno, NULL, "cannot begin");
	part_name(name, stage->number, PART_DIRECTORY);
	stage->fd = top_make(&stage->top, place->store_fd, name, place->parent_fd, default_mode ? default_mode : TOP_MODE);
	stage->is_given = stage->top.uid != (uid_t)-1;
	return stage->fd < 0 ? error_system(error, errno, stage->path, "cannot make the new directory") : 0;
}

int stage_make(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	int done = stage_make_directory(stage, error);

	if (done < 0 && room_make(&stage->writer, error->errnum))
		done = stage_make_directory(stage, error);
	if (done < 0) {
		store_unmake(&stage->writer.store, &stage->writer.place);
		return -1;
	}
	stage->state = STAGE_FILLING;
	return 0;
}

/* The directory was not filled: as if it had never been made. */
static void stage_unmake(struct atomicdir_stage *stage)
{
	struct atomicdir_error ignored;

	error_clear(&ignored);
	stage_forget_recent(stage);
	seal_modes_clear(&stage->directories);
	generation_remove_unpublished(&stage->writer.place, stage->number, stage->fd, &ignored);
	close_fd(&stage->fd);
	free_pointer(&stage->path);
	stage->number = 0;
	stage->known = (struct tree_count){ 0 };
	stage->has_links = false;
}

int stage_check_stop(const struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	if (!stage->stop)
		return 0;
	return error_system(error, EINTR, stage->writer.place.name.link, "stopped before publishing");
}

int stage_write_held(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	if (!stage_is_held(stage))
		return 0;
	if (stage->is_matched)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "a stage that matches what is live can only be sealed, committed or freed");
	if (stage_make(stage, error) < 0)
		return -1;
	for (size_t i = 0; i < stage->held.count; i++) {
		if (stage_check_stop(stage, error) == 0 && put_held(stage, i, error) == 0)
			continue;
		stage_unmake(stage);
		return -1;
	}
	held_forget(&stage->held);
	return 0;
}

int stage_share(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	if (stage_write_held(stage, error) < 0)
		return -1;
	stage->is_shared = true;
	return 0;
}

/* Nothing is made before there is something to write, unless it is clear that all must be written. */
static int stage_begin(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	if (held_begin(&stage->held, &stage->writer))
		stage->state = STAGE_FILLING;
	else if (stage_make(stage, error) < 0)
		return -1;
	stage->is_fill = true;
	return 0;
}

struct atomicdir_stage *atomicdir_begin(const char *link, const struct atomicdir_options *options,
					struct atomicdir_error *error)
{
	struct atomicdir_error own;
	struct atomicdir_stage *stage;

	error = error_or(error, &own);
	stage = stage_new(error);
	if (!stage)
		return NULL;
	if (writer_begin(&stage->writer, link, options, BEGIN_A_FILL, error) == 0 && stage_begin(stage, error) == 0) {
		/* The caller sees this warning now; the commit does not repeat it. */
		*error = stage->writer.warning;
		error_clear(&stage->writer.warning);
		return stage;
	}
	writer_report(&stage->writer, OUTCOME_NOT_PUBLISHED, error);
	atomicdir_free(stage);
	return NULL;
}

void stage_forget_recent(struct atomicdir_stage *stage)
{
	free_pointer(&stage->recent_path);
	close_fd(&stage->recent_fd);
}

void stage_end(struct atomicdir_stage *stage)
{
	struct atomicdir_error ignored;
	int errnum = 0;

	if (stage->is_waiting)
		prune_replaced(&stage->writer);
	stage->is_waiting = false;
	if (stage->state == STAGE_ENDED)
		return;
	/* The stage is given up and the file system is full: probably the caller's own writing failed for that. Makes room for
	 * the next try. */
	if (stage->state == STAGE_FILLING && stage->fd >= 0 && room_is_out(stage->fd))
		errnum = ENOSPC;
	stage->state = STAGE_ENDED;
	error_clear(&ignored);
	stage_forget_recent(stage);
	if (stage->fd >= 0)
		generation_remove_unpublished(&stage->writer.place, stage->number, stage->fd, &ignored);
	room_make(&stage->writer, errnum);
	if (stage->writer.options.dry_run)
		store_unmake(&stage->writer.store, &stage->writer.place);
}

void atomicdir_free(struct atomicdir_stage *stage)
{
	if (!stage)
		return;
	stage_end(stage);
	stage_forget_recent(stage);
	seal_modes_clear(&stage->directories);
	held_clear(&stage->held);
	buffer_clear(&stage->note);
	carried_clear(&stage->carried);
	carried_clear(&stage->live_carried);
	free(stage->path);
	close_fd(&stage->from_fd);
	close_fd(&stage->fd);
	writer_end(&stage->writer);
	free(stage);
}

void atomicdir_interrupt(struct atomicdir_stage *stage)
{
	stage->stop = 1;
}

/* Whether there is a directory. To the caller the stage does not change by this: it always had one. */
static bool stage_has_directory(const struct atomicdir_stage *stage)
{
	struct atomicdir_stage *own = (struct atomicdir_stage *)(uintptr_t)stage;
	struct atomicdir_error why;

	error_clear(&why);
	if (stage_share(own, &why) == 0)
		return true;
	errno = why.errnum;
	return false;
}

int atomicdir_fd(const struct atomicdir_stage *stage)
{
	return stage_has_directory(stage) ? stage->fd : -1;
}

const char *atomicdir_path(const struct atomicdir_stage *stage)
{
	return stage_has_directory(stage) ? stage->path : NULL;
}

int atomicdir_note(struct atomicdir_stage *stage, const void *data, size_t size, struct atomicdir_error *error)
{
	struct atomicdir_error own;

	error = error_or(error, &own);
	if (size > NOTE_MAX)
		return error_set(error, ATOMICDIR_USAGE, NULL, "the note has %zu bytes, more than %d", size, NOTE_MAX);
	buffer_clear(&stage->note);
	stage->has_note = false;
	if (buffer_add(&stage->note, data, size) < 0)
		return error_system(error, errno, NULL, "cannot keep the note");
	stage->has_note = true;
	return 0;
}
