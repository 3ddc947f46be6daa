/* SPDX-License-Identifier: ISC */
#include "dir/rollback.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/begin.h"
#include "dir/generation.h"
#include "dir/history.h"
#include "dir/layout.h"
#include "dir/note.h"
#include "dir/part.h"
#include "dir/prune.h"
#include "dir/publish.h"
#include "dir/room.h"
#include "dir/tell.h"

#define NAMED_MAX 10 /* how many of the kept generations an error names at most */

/* ---- Which generation to publish again ---- */

static int rollback_fail_naming(const struct history *history, const char *link, const char *claim,
				struct atomicdir_error *error)
{
	char list[NAMED_MAX * 64 + 64] = "";
	size_t kept = 0, size = 0;

	error_object(error, ATOMICDIR_NO_GENERATION, link, "%s", claim);
	for (size_t i = 0; i < history->count; i++) {
		const struct retained *one = &history->list[i];

		if (one->number == history->rules.live || kept++ >= NAMED_MAX)
			continue;
		size += (size_t)snprintf(list + size, sizeof(list) - size, "%s%" PRId64 "%s", kept > 1 ? ", " : "", one->number,
					 one->is_good ? "" : " (its hook has never succeeded)");
	}
	if (kept > NAMED_MAX)
		snprintf(list + size, sizeof(list) - size, " and %zu older ones", kept - NAMED_MAX);
	if (kept)
		error_append(error, "kept: %s; give the number of the one to publish again", list);
	else
		error_append(error, "no other one is kept");
	return -1;
}

/* The newest good generation of the live one's line. Those that never worked are skipped; those that were rolled back are not
 * in it. */
static int64_t rollback_find(const struct writer *writer, struct atomicdir_error *error)
{
	cleanup_history struct history history = HISTORY_INIT;
	const char *link = writer->place.name.link;
	int64_t live = writer->live.number;
	const struct retained *good;

	if (history_read(&history, &writer->place, &writer->found, live, &writer->info, writer->boot) < 0)
		return error_system(error, errno, link, "cannot read the history of");
	if (!live && !history.count)
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "has no live generation: nothing is published there");
	if (!live)
		return rollback_fail_naming(&history, link, "has no live generation to go back from", error);
	good = retention_go_back(history.list, history.count);
	if (!good)
		return rollback_fail_naming(&history, link, "has no good generation that was live before the live one", error);
	return good->number;
}

static int64_t rollback_require_kept(const struct writer *writer, int64_t target, struct atomicdir_error *error)
{
	const struct found *one = found_get(&writer->found, target);

	if (found_is_published(one) || (one && target == writer->live.number && one->parts & FOUND(PART_DIRECTORY)))
		return target;
	return error_object(error, ATOMICDIR_NO_GENERATION, writer->place.name.link,
			    "has no generation %" PRId64 ": it was removed, or never published", target);
}

/* The generation that was asked for, in the line or not; asked -1: the newest good one of the line. -1: there is none. */
static int64_t rollback_choose(const struct writer *writer, int64_t asked, struct atomicdir_error *error)
{
	if (asked == 0)
		return error_object(error, ATOMICDIR_NO_GENERATION, writer->place.name.link, "has no generation 0");
	return asked < 0 ? rollback_find(writer, error) : rollback_require_kept(writer, asked, error);
}

/* ---- Publishing it again ---- */

/* A crash while watchers were woken (step 12) may have left the write bit of the top directory set. */
static int rollback_repair_top(const struct writer *writer, int fd, int64_t number, mode_t mode, struct atomicdir_error *error)
{
	struct stat status;

	unlinkat(fd, NAME_WAKE, 0);
	if (!mode)
		return 0;
	if (fstat(fd, &status) < 0 || ((status.st_mode & 07777) != mode && fchmod(fd, mode) < 0))
		return error_system(error, errno, writer->place.name.link, "cannot set the mode of generation %" PRId64 " of",
				    number);
	return 0;
}

/* Reads its info. A line that the first version wrote may be broken by now, except where the live one's line goes on with
 * it. */
static int rollback_read(const struct writer *writer, int64_t number, struct info *known)
{
	int store_fd = writer->place.store_fd;

	if (info_read(store_fd, number, false, known) < 0)
		return -1;
	if (known->has_line || !line_has(&writer->info.line, number))
		return info_complete(store_fd, known);
	return line_append(&known->line, &writer->info.line, number);
}

enum outcome rollback_publish(struct writer *writer, int64_t number, struct atomicdir_error *error)
{
	cleanup_fd int fd = place_open_generation(&writer->place, number);
	cleanup_info struct info known = INFO_INIT;
	struct publication publication = {
		.swap = &writer->place.layout->swap,
		.number = number,
		.fd = fd,
		.known = &known,
	};
	int64_t replaced = writer->live.number;
	enum outcome outcome;

	if (fd < 0 || rollback_read(writer, number, &known) < 0) {
		error_system(error, errno, writer->place.name.link, "cannot open generation %" PRId64 " of", number);
		return OUTCOME_NOT_PUBLISHED;
	}
	if (rollback_repair_top(writer, fd, number, known.top_mode, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	outcome = publish(writer, &publication, error);
	if (outcome == OUTCOME_NOT_PUBLISHED) {
		/* The shared lock keeps room_make() from removing this generation itself. */
		flock(fd, LOCK_SH | LOCK_NB);
		room_report(writer, error);
	}
	if (outcome == OUTCOME_PUBLISHED) {
		if (replaced && note_refuse(&writer->place, replaced) < 0)
			error_warn(&writer->warning, errno, writer->place.name.link,
				   "cannot record which generation was rolled back from at");
	}
	return outcome;
}

/* For a dry run: *live is the generation that would be live. */
static enum outcome rollback_tell_target(const struct writer *writer, int64_t number, struct atomicdir_generation **live,
					 struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };

	if (generation_list_add(&list, &writer->place, number, writer->live.number) < 0) {
		error_system(error, errno, writer->place.name.link, "cannot describe generation %" PRId64 " of", number);
		return OUTCOME_NOT_PUBLISHED;
	}
	return generation_list_pack(&list, live, error) < 0 ? OUTCOME_NOT_PUBLISHED : OUTCOME_PUBLISHED;
}

static enum outcome rollback(struct writer *writer, int64_t asked, struct atomicdir_generation **live,
			     struct atomicdir_error *error)
{
	int64_t target, replaced = writer->live.number;
	enum outcome outcome;

	if (layout_require_generations(&writer->place, "a rollback needs", error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (writer->options.hook == ATOMICDIR_HOOK_LOCKED) {
		error_set(error, ATOMICDIR_USAGE, NULL, "a rollback cannot run its hook with the lock held");
		return OUTCOME_NOT_PUBLISHED;
	}
	target = rollback_choose(writer, asked, error);
	if (target < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (target == writer->live.number && writer->last_swap == OUTCOME_IN_DOUBT) {
		error_set(error, ATOMICDIR_NOT_DURABLE, NULL, "generation %" PRId64 " could not be made durable", target);
		return OUTCOME_IN_DOUBT;
	}
	if (target == writer->live.number)
		return tell_live(writer, 0, live, error) < 0 ? OUTCOME_NOT_PUBLISHED : OUTCOME_UNCHANGED;
	if (writer->options.dry_run)
		return rollback_tell_target(writer, target, live, error);
	outcome = rollback_publish(writer, target, error);
	if (outcome == OUTCOME_PUBLISHED) {
		prune_replaced(writer);
		tell_published(writer, replaced, live);
	}
	return outcome;
}

int atomicdir_rollback(const char *link, int64_t generation, const struct atomicdir_options *options,
		       struct atomicdir_generation **live, struct atomicdir_error *error)
{
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;
	struct atomicdir_error own;
	struct writer writer;

	error = error_or(error, &own);
	if (writer_begin(&writer, link, options, BEGIN_WITH_OURS, error) == 0) {
		outcome = rollback(&writer, generation, live, error);
		if (!writer.live.number)
			store_unmake(&writer.store, &writer.place);
	}
	writer_report(&writer, outcome, error);
	writer_end(&writer);
	return outcome_result(outcome);
}
