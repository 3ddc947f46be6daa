/* SPDX-License-Identifier: ISC */
#include "dir/commit.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/compare.h"
#include "dir/prune.h"
#include "dir/publish.h"
#include "dir/recover.h"
#include "dir/seal.h"

/* Step 7: owners and modes first, since they are part of what is compared. */
static int seal(struct atomicdir_stage *stage, struct changes *changes, struct atomicdir_error *error)
{
	const struct atomicdir_options *options = &stage->writer.options;
	struct seal_rules rules = {
		.uid = options->uid,
		.gid = options->gid,
		.file_mode = options->file_mode,
		.dir_mode = options->dir_mode,
		.top_mode = options->dir_mode ? options->dir_mode : stage->top_mode,
	};
	/* What would be published is told exactly; what is published need only be told from what is live. */
	unsigned how = options->dry_run ? COMPARE_KEEP_TIMES | COMPARE_EXACT : COMPARE_KEEP_TIMES;
	cleanup_fd int live_fd = -1;
	int is_different;

	if (stage_apply_modes(stage, error) < 0 || tree_seal(stage->fd, &rules, &stage->count, error) < 0)
		return -1;
	if (stage->writer.live)
		live_fd = writer_open_generation(&stage->writer, stage->writer.live);
	if (live_fd < 0 && stage->writer.live && options->dry_run)
		return error_errno(error, stage->writer.store.name.base, "cannot open the live generation");
	is_different = live_fd < 0 && !changes ? 1 : tree_compare(live_fd, stage->fd, changes, how, error);
	if (is_different < 0)
		return -1;
	stage->is_different = is_different || live_fd < 0 || stage->writer.is_live_doubtful;
	stage->state = STAGE_SEALED;
	return stage->is_different;
}

static int seal_and_tell(struct atomicdir_stage *stage, struct atomicdir_change **list, struct atomicdir_error *error)
{
	cleanup_changes struct changes *changes = list ? changes_new() : NULL;
	int result;

	if (stage->state == STAGE_ENDED)
		return error_set(error, ATOMICDIR_USAGE, NULL, "the stage has ended");
	if (list && !changes)
		return error_errno(error, NULL, "cannot list what changed");
	result = seal(stage, changes, error);
	if (result >= 0 && list && changes_take(changes, list) < 0)
		return error_errno(error, NULL, "cannot list what changed");
	return result;
}

int atomicdir_seal(struct atomicdir_stage *stage, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	int result;

	error = error ? error : &own;
	error_clear(error);
	result = seal_and_tell(stage, changes, error);
	if (result < 0)
		publish_make_room(&stage->writer, error->errnum);
	writer_report(&stage->writer, result, error);
	return result;
}

int tell_live(const struct writer *writer, int64_t replaced, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };

	if (!live)
		return 0;
	if ((writer->live && generation_list_add(&list, &writer->store, writer->live, writer->live) < 0) ||
	    (replaced && replaced != writer->live && generation_list_add(&list, &writer->store, replaced, writer->live) < 0))
		return error_errno(error, NULL, "cannot tell which generation is live");
	return generation_list_pack(&list, live, error) < 0 ? -1 : 0;
}

static int end_unchanged(struct atomicdir_stage *stage)
{
	generation_remove(&stage->writer.store, stage->number, &stage->writer.warning);
	publish_facts(&stage->writer, stage->note);
	prune(&stage->writer, NULL);
	return 0;
}

int stage_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	struct publication publication = {
		.kind = PUBLICATION_NEW, .number = stage->number, .fd = stage->fd, .note = stage->note
	};
	int64_t replaced = writer->live;
	int result;

	if (stage->state != STAGE_SEALED && seal_and_tell(stage, NULL, error) < 0)
		return -1;
	if (writer->options.dry_run)
		return stage->is_different;
	if (!stage->is_different) {
		stage->state = STAGE_ENDED;
		end_unchanged(stage);
		return tell_live(writer, 0, live, error);
	}
	publication.count = stage->count;
	result = publish(writer, &publication, error);
	if (result == 0 || error->kind == ATOMICDIR_NOT_DURABLE)
		stage->state = STAGE_ENDED;
	if (result < 0)
		return -1;
	/* Published: that the caller cannot be told more for want of memory does not undo it. */
	if (tell_live(writer, replaced, live, &writer->warning) < 0)
		writer->warning.kind = ATOMICDIR_OK;
	return 1;
}

int atomicdir_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	int result;

	error = error ? error : &own;
	error_clear(error);
	result = stage_commit(stage, live, error);
	if (result < 0)
		publish_make_room(&stage->writer, error->errnum);
	writer_report(&stage->writer, result, error);
	if (stage->state == STAGE_ENDED)
		close_fd(&stage->writer.store.lock_fd);
	return result;
}

int atomicdir_fill(const char *link, atomicdir_populate_fn populate, void *arg, const struct atomicdir_options *options,
		   struct atomicdir_error *error)
{
	struct atomicdir_error own;
	struct atomicdir_stage *stage;
	int result;

	error = error ? error : &own;
	stage = atomicdir_begin(link, options, error);
	if (!stage)
		return -1;
	error_clear(error);
	if (populate(stage, arg, error) == 0) {
		result = atomicdir_commit(stage, NULL, error);
	} else {
		result = -1;
		if (error->kind == ATOMICDIR_OK)
			error_set(error, ATOMICDIR_FAILED, link, "the directory could not be filled");
		if (error->errnum)
			stage->errnum = error->errnum;
		writer_report(&stage->writer, -1, error);
	}
	atomicdir_free(stage);
	return result;
}
