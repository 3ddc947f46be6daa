/* SPDX-License-Identifier: ISC
 *
 * Undoing a commit whose hook has failed: what was live before is published again, without giving up the lock in between.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/error.h"
#include "dir/prune.h"
#include "dir/rollback.h"
#include "dir/stage.h"
#include "dir/tell.h"

/* Looks at what the commit made of LINK, which is what the undo replaces. */
static int undo_look(struct writer *writer, struct atomicdir_error *error)
{
	const char *link = writer->place.name.link;
	int64_t number = writer->live.number;
	struct live now;

	if (live_look(&writer->place, &now) < 0)
		return error_system(error, errno, link, "cannot examine");
	if (now.stands != STANDS_OURS || now.named != number)
		return error_object(error, ATOMICDIR_FAILED, link, "was changed by another process meanwhile");
	live_open(&writer->place, &now);
	live_close(&writer->live);
	writer->live = now;
	writer->live.number = number;
	return 0;
}

/* Publishes exactly what was live before, even if that is not good. */
static enum outcome stage_undo(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	int64_t before = writer->info.before, undone = writer->live.number;
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;

	if (!stage->is_waiting || stage->is_undone || writer->options.hook != ATOMICDIR_HOOK_LOCKED)
		error_set(error, ATOMICDIR_USAGE, NULL,
			  "only what was committed with ATOMICDIR_HOOK_LOCKED can be undone, and only once");
	else if (!before || !part_may_exist(writer->place.store_fd, before, PART_DIRECTORY))
		error_object(error, ATOMICDIR_NO_GENERATION, writer->place.name.link,
			     "has no earlier live generation that still exists");
	else if (undo_look(writer, error) == 0)
		outcome = rollback_publish(writer, before, error);
	if (outcome == OUTCOME_NOT_PUBLISHED)
		return outcome;
	stage->is_undone = true;
	stage->is_waiting = outcome == OUTCOME_PUBLISHED && writer->options.leave_old;
	if (outcome == OUTCOME_PUBLISHED && !stage->is_waiting)
		prune_replaced(writer);
	if (outcome == OUTCOME_PUBLISHED)
		tell_published(writer, undone, live);
	return outcome;
}

static void undo_report_failure(const struct writer *writer, struct atomicdir_error *error)
{
	struct live now;

	if (live_look(&writer->place, &now) == 0 && (now.stands != STANDS_OURS || now.named != writer->live.number))
		error_append(error, "nothing was undone");
	else
		error_append(error, "'%s' still names generation %" PRId64, writer->place.name.link, writer->live.number);
}

int atomicdir_undo(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	enum outcome outcome;

	error = error_or(error, &own);
	outcome = stage_undo(stage, live, error);
	if (outcome == OUTCOME_NOT_PUBLISHED)
		undo_report_failure(&stage->writer, error);
	else
		writer_report(&stage->writer, outcome, error);
	return outcome_result(outcome);
}
