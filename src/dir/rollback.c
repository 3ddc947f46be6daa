/* SPDX-License-Identifier: ISC
 *
 * Publishing a kept generation again: a publication without steps 6 and 7.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/begin.h"
#include "dir/generation.h"
#include "dir/layout.h"
#include "dir/part.h"
#include "dir/prune.h"
#include "dir/publish.h"
#include "dir/tell.h"

/* The generation that was asked for, or what was live before the live one. */
static int rollback_choose(const struct writer *writer, int64_t asked, int64_t *target, struct atomicdir_error *error)
{
	const char *link = writer->place.name.link;
	int64_t live = writer->live.number;

	*target = asked >= 0 ? asked : writer->info.previous;
	if (asked == 0)
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "has no generation 0");
	if (asked > 0)
		return 0;
	if (!live)
		return error_object(error, ATOMICDIR_NO_GENERATION, link,
				    "has no live generation, so there is none to go back to");
	if (writer->info_errnum)
		return error_system(error, writer->info_errnum, link,
				    "cannot read what was live before generation %" PRId64 " of", live);
	if (!*target)
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "had no generation live before generation %" PRId64,
				    live);
	return 0;
}

static int rollback_require_kept(const struct writer *writer, int64_t target, struct atomicdir_error *error)
{
	cleanup_found struct found_list found = { 0 };
	const struct found *one;

	if (found_read(&writer->place, &found, error) < 0)
		return -1;
	one = found_get(&found, target);
	if (found_is_published(one) || (one && target == writer->live.number && one->parts & FOUND(PART_DIRECTORY)))
		return 0;
	return error_object(error, ATOMICDIR_NO_GENERATION, writer->place.name.link,
			    "has no generation %" PRId64 ": it was removed, or never published", target);
}

/* A death while watchers were woken may have left the write bit of the top directory lent. */
static int rollback_repair_top(const struct writer *writer, int fd, int64_t number, struct atomicdir_error *error)
{
	cleanup_info struct info info = INFO_INIT;
	struct stat status;

	unlinkat(fd, NAME_WAKE, 0);
	if (info_read(writer->place.store_fd, number, false, &info) < 0 || !info.top_mode)
		return 0;
	if (fstat(fd, &status) < 0 || ((status.st_mode & 07777) != info.top_mode && fchmod(fd, info.top_mode) < 0))
		return error_system(error, errno, writer->place.name.link, "cannot set the mode of generation %" PRId64 " of",
				    number);
	return 0;
}

/* A dry run: *live is what would be live. */
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

static enum outcome rollback_publish(struct writer *writer, int64_t number, struct atomicdir_generation **live,
				     struct atomicdir_error *error)
{
	struct publication publication = { .swap = &writer->place.layout->swap, .number = number, .is_again = true };
	cleanup_fd int fd = place_open_generation(&writer->place, number);
	int64_t replaced = writer->live.number;
	enum outcome outcome;

	if (fd < 0) {
		error_system(error, errno, writer->place.name.link, "cannot open generation %" PRId64 " of", number);
		return OUTCOME_NOT_PUBLISHED;
	}
	publication.fd = fd;
	if (rollback_repair_top(writer, fd, number, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	outcome = publish(writer, &publication, error);
	if (outcome == OUTCOME_PUBLISHED)
		tell_published(writer, replaced, live);
	return outcome;
}

static enum outcome rollback(struct writer *writer, int64_t asked, struct atomicdir_generation **live,
			     struct atomicdir_error *error)
{
	int64_t target;

	if (rollback_choose(writer, asked, &target, error) < 0 || rollback_require_kept(writer, target, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (target == writer->live.number && writer->last_swap == OUTCOME_IN_DOUBT) {
		error_set(error, ATOMICDIR_NOT_DURABLE, NULL, "generation %" PRId64 " could not be made durable", target);
		return OUTCOME_IN_DOUBT;
	}
	if (target == writer->live.number)
		return tell_live(writer, 0, live, error) < 0 ? OUTCOME_NOT_PUBLISHED : OUTCOME_UNCHANGED;
	if (writer->options.dry_run)
		return rollback_tell_target(writer, target, live, error);
	return rollback_publish(writer, target, live, error);
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
		if (outcome == OUTCOME_NOT_PUBLISHED)
			prune_for_room(&writer, error->errnum);
		if (!writer.live.number)
			store_unmake(&writer.store, &writer.place);
	}
	writer_report(&writer, outcome, error);
	writer_end(&writer);
	return outcome_result(outcome);
}
