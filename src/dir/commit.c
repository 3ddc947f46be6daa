/* SPDX-License-Identifier: ISC
 *
 * From a filled stage to a published generation: step 7, then publish() for steps 8 to 12, then step 13.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lend.h"
#include "base/file.h"
#include "dir/carry.h"
#include "dir/compare.h"
#include "dir/content.h"
#include "dir/layout.h"
#include "dir/prune.h"
#include "dir/note.h"
#include "dir/publish.h"
#include "dir/room.h"
#include "dir/stage.h"
#include "dir/tell.h"

/* With keep_times: gives an unchanged file the time that it has in the live generation, so that ETags do not change with every
 * deploy. Not a file with several hard links: its other names may be outside the stage. A failure does no harm. */
static void stage_keep_time(int live_fd, int stage_fd, const char *name, const struct tree_entry *live,
			    const struct tree_entry *own)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, live->modified };

	(void)live_fd;
	if (own->links > 1 || clock_is_same(live->modified, own->modified))
		return;
	utimensat(stage_fd, name, times, AT_SYMLINK_NOFOLLOW);
}

/* 1: nothing but what came along from older generations differs, and the live one still has all of that which is due: it stays as it is,
 * else each publication of the same content would take some away. */
static int stage_is_own_unchanged(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	struct compare compare = { .stop = &stage->stop,
				   .place = &writer->place,
				   .a = writer->live.number,
				   .b = stage->number,
				   .a_without = &stage->live_carried,
				   .b_without = &stage->carried };
	int differs;

	if (!stage->has_carried || writer->live.fd < 0 || writer->last_swap == OUTCOME_IN_DOUBT ||
	    !carried_covers(&stage->live_carried, &stage->carried, writer->options.carry_generations))
		return 0;
	differs = tree_compare(&compare, writer->live.fd, stage->fd, error);
	return differs < 0 ? -1 : !differs;
}

/* Whether the live file is what it was before it was compared. */
static bool stage_link_is_sure(int live_fd, const char *name, const struct tree_entry *live)
{
	struct tree_entry now;

	return tree_look(live_fd, name, &now) == 0 && tree_is_untouched(live, &now);
}

/* With link_unchanged: a hard link to the live file takes the place of one that is the same, unless sealing gave that another mode or
 * owner. The directory may have its final mode already. A failure does no harm. */
static void stage_link(int live_fd, int stage_fd, const char *name, const struct tree_entry *live, const struct tree_entry *own)
{
	struct lending lending;
	struct tree_entry linked;

	if (own->links > 1 || own->mode != live->mode || own->uid != live->uid || own->gid != live->gid ||
	    !stage_link_is_sure(live_fd, name, live) || lending_begin(&lending, stage_fd) < 0)
		return;
	if (linkat(live_fd, name, stage_fd, NAME_COPY, 0) == 0 &&
	    (tree_look(stage_fd, NAME_COPY, &linked) < 0 || !tree_is_same_but_links(live, &linked) ||
	     renameat(stage_fd, NAME_COPY, stage_fd, name) < 0))
		unlinkat(stage_fd, NAME_COPY, 0);
	lending_end(&lending);
}

/* Only of a stage that differs: a link is an event for who watches the live file. */
static int stage_link_unchanged(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct writer *writer = &stage->writer;
	struct compare compare = { .stop = &stage->stop,
				   .place = &writer->place,
				   .a = writer->live.number,
				   .b = stage->number,
				   .same_file = stage_link };

	if (!writer->options.link_unchanged || writer->options.dry_run || writer->live.fd < 0)
		return 0;
	return tree_compare(&compare, writer->live.fd, stage->fd, error) < 0 ? -1 : 0;
}

/* 1: the sealed stage differs from the live generation, which lies in LINK's directory, with the files of others. */
static int stage_compare_placed(const struct atomicdir_stage *stage, struct compare *compare, struct atomicdir_error *error)
{
	cleanup_content struct content content = CONTENT_INIT;
	const struct writer *writer = &stage->writer;
	int differs;

	if (content_open(&content, &writer->place, writer->live.number, error) < 0)
		return -1;
	compare->place = NULL;
	compare->only = content.only;
	differs = tree_compare(compare, content.fd, stage->fd, error);
	return differs < 0 ? -1 : differs || content.fd < 0 || writer->last_swap == OUTCOME_IN_DOUBT;
}

/* How a stage is compared with what is live. A dry run lists every difference; a publication only needs to know whether there is one. */
static struct compare stage_comparison(const struct atomicdir_stage *stage, struct changes *changes)
{
	const struct writer *writer = &stage->writer;

	return (struct compare){ .changes = changes,
				 .is_exact = writer->options.dry_run,
				 .stop = &stage->stop,
				 .place = &writer->place,
				 .a = writer->live.number,
				 .b = stage->number,
				 .same_file = writer->options.keep_times ? stage_keep_time : NULL };
}

/* Only who fills the stage by other ways than put.c could make an entry equal that was not. */
static bool stage_is_sure_to_differ(const struct atomicdir_stage *stage, const struct changes *changes)
{
	return stage->is_known_different && (!stage->is_shared || is_broken("shared-but-known")) && !changes;
}

/* What follows from the comparison of two generations. */
static int stage_conclude(struct atomicdir_stage *stage, int differs, struct atomicdir_error *error)
{
	const struct writer *writer = &stage->writer;

	if (differs < 0 || (differs && stage_link_unchanged(stage, error) < 0))
		return -1;
	return differs || writer->live.fd < 0 || writer->last_swap == OUTCOME_IN_DOUBT;
}

/* 1: the sealed stage differs from the live generation. */
static int stage_compare(struct atomicdir_stage *stage, struct changes *changes, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	struct compare compare = stage_comparison(stage, changes);
	int is_same;

	if (stage_is_sure_to_differ(stage, changes))
		return 1;
	if (writer->place.layout->moves_entries)
		return stage_compare_placed(stage, &compare, error);
	if (writer->live.number && writer->live.fd < 0) {
		writer->live.fd = place_open_generation(&writer->place, writer->live.number);
		if (writer->live.fd < 0 && writer->options.dry_run)
			return error_system(error, errno, writer->place.name.link, "cannot open the live generation of");
	}
	if (writer->live.fd < 0 && !changes)
		return 1;
	is_same = stage_is_own_unchanged(stage, error);
	if (is_same < 0)
		return -1;
	stage->is_own_unchanged = is_same;
	return is_same ? 0 : stage_conclude(stage, tree_compare(&compare, writer->live.fd, stage->fd, error), error);
}

/* Refuses if somebody (perhaps COMMAND itself) has removed or moved the stage: what took its place would be published
 * unsealed. */
static int stage_is_in_place(const struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct writer *writer = &stage->writer;

	if (store_check_held(&writer->store, &writer->place, error) < 0)
		return -1;
	if (stage_is_held(stage))
		return 0;
	return place_check_generation(&writer->place, stage->number, stage->fd, error);
}

/* Whether all that is in the stage was made by put.c, as it is to be published. */
static bool stage_is_known(const struct atomicdir_stage *stage, const struct seal_rules *rules)
{
	return stage->is_fill && !stage->is_shared && !stage->has_carried && !stage->has_links && !stage->directories.count &&
	       !seal_has_work(rules);
}

/* Whether one walk can seal and compare. */
static bool stage_compares_in_seal(const struct atomicdir_stage *stage, const struct changes *changes,
				   const struct seal_rules *rules)
{
	const struct writer *writer = &stage->writer;

	return writer->live.fd >= 0 && !writer->place.layout->moves_entries && !stage->has_carried && !changes &&
	       !seal_has_work(rules) && !rules->known && !stage_is_sure_to_differ(stage, changes);
}

/* Step 7. Owners and modes come first, since they are part of what is compared. */
static int stage_seal(struct atomicdir_stage *stage, struct changes *changes, struct atomicdir_error *error)
{
	const struct atomicdir_options *options = &stage->writer.options;
	bool moves = stage->writer.place.layout->moves_entries;
	struct links links = {
		.place = &stage->writer.place,
		.top_fd = stage->fd,
		.leaving = moves ? LINKS_MUST_STAY : stage->links_leaving,
		.is_left = moves,
		.from_fd = stage->from_fd,
		.carried_to = stage->is_carried ? stage->number : 0,
	};
	struct seal_rules rules = {
		.uid = options->uid,
		.gid = options->gid,
		.file_mode = options->file_mode,
		.dir_mode = options->dir_mode,
		.top_mode = options->top_mode ? options->top_mode : options->dir_mode,
		.top = moves ? NULL : &stage->top, /* it stays closed: what is in it leaves it */
		.links = &links,
		.stop = &stage->stop,
		.directories = &stage->directories,
		.reserves = stage->writer.place.layout->reserves,
	};
	const struct compare compare = stage_comparison(stage, changes);
	int differs;

	stage_forget_recent(stage);
	if (stage_is_in_place(stage, error) < 0 || carry_older(stage, error) < 0)
		return -1;
	rules.known = stage_is_known(stage, &rules) ? &stage->known : NULL;
	rules.compare = stage_compares_in_seal(stage, changes, &rules) ? &compare : NULL;
	rules.compared_fd = stage->writer.live.fd;
	differs = tree_seal(stage->fd, &rules, &stage->count, error);
	links_clear(&links);
	if (differs < 0)
		return -1;
	if (moves && give_to_owner_of(stage->writer.place.store_fd, stage->fd) < 0)
		return error_system(error, errno, stage->path, "cannot set the owner of the new directory");
	seal_modes_clear(&stage->directories);
	differs = rules.compare ? stage_conclude(stage, differs, error) : stage_compare(stage, changes, error);
	if (differs < 0)
		return -1;
	stage->is_different = differs;
	stage->state = STAGE_SEALED;
	return differs;
}

/* A held stage stays so if the live generation has nothing else. Otherwise it is written, and then sealed as every other one.
 * 1: it is to be sealed. */
static int stage_seal_held(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct writer *writer = &stage->writer;
	int is_same;

	if (!stage_is_held(stage))
		return 1;
	if (store_check_held(&writer->store, &writer->place, error) < 0)
		return -1;
	is_same = stage->is_matched ? 1 : held_is_live(&stage->held, &stage->stop);
	if (is_same < 0)
		return error_system(error, errno, writer->place.name.link, "stopped comparing");
	if (!is_same)
		return stage_write_held(stage, error) < 0 ? -1 : 1;
	stage->is_different = false;
	stage->state = STAGE_SEALED;
	return 0;
}

static int stage_seal_listing(struct atomicdir_stage *stage, struct atomicdir_change **list, struct atomicdir_error *error)
{
	cleanup_changes struct changes *changes = list ? changes_new() : NULL;
	int differs;

	if (stage->state == STAGE_ENDED)
		return error_set(error, ATOMICDIR_USAGE, NULL, "the stage has ended");
	if (list && !changes)
		return error_system(error, errno, NULL, "cannot list what changed");
	/* A walk would find this out, but not every stage needs one. */
	if (stage_check_stop(stage, error) < 0)
		return -1;
	differs = stage_seal_held(stage, error);
	if (differs > 0)
		differs = stage_seal(stage, changes, error);
	if (differs >= 0 && list && changes_take(changes, list) < 0)
		return error_system(error, errno, NULL, "cannot list what changed");
	return differs;
}

int atomicdir_seal(struct atomicdir_stage *stage, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	int differs;

	error = error_or(error, &own);
	differs = stage_seal_listing(stage, changes, error);
	if (differs < 0)
		room_report(&stage->writer, error);
	writer_report(&stage->writer, differs < 0 ? OUTCOME_NOT_PUBLISHED : OUTCOME_UNCHANGED, error);
	return differs;
}

/* Step 13, unless the caller's hook or its result comes first. */
static void stage_committed(struct atomicdir_stage *stage)
{
	const struct atomicdir_options *options = &stage->writer.options;

	stage->state = STAGE_ENDED;
	stage->is_waiting = options->hook == ATOMICDIR_HOOK_LOCKED || options->leave_old;
	if (!stage->is_waiting)
		prune_replaced(&stage->writer);
}

static void stage_end_unchanged(struct atomicdir_stage *stage)
{
	struct writer *writer = &stage->writer;

	if (!stage_is_held(stage))
		generation_remove_unpublished(&writer->place, stage->number, stage->fd, &writer->warning);
	publish_facts(writer, stage->has_note ? &stage->note : NULL, carry_record(stage));
	stage_committed(stage);
}

enum outcome stage_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	struct publication publication = {
		.swap = stage->swap ? stage->swap : &writer->place.layout->swap,
		.note = stage->has_note ? &stage->note : NULL,
		.carried = &stage->carried,
		.is_fill = stage->is_fill,
		.stop = &stage->stop,
	};
	int64_t replaced = writer->live.number;
	enum outcome outcome;
	int is_sealed;

	/* If it is sealed already a check has run since, and may have moved it. */
	if (stage->state == STAGE_SEALED)
		is_sealed = stage_is_in_place(stage, error);
	else
		is_sealed = stage_seal_listing(stage, NULL, error);
	if (is_sealed < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (stage->lost_attributes)
		error_warn(&writer->warning, 0, writer->place.name.link,
			   "the file system cannot hold user attributes; %zu were left out of", stage->lost_attributes);
	if (writer->options.dry_run)
		return stage->is_different ? OUTCOME_PUBLISHED : OUTCOME_UNCHANGED;
	if (!stage->is_different) {
		stage_end_unchanged(stage);
		return tell_live(writer, 0, live, error) < 0 ? OUTCOME_NOT_PUBLISHED : OUTCOME_UNCHANGED;
	}
	publication.number = stage->number;
	publication.fd = stage->fd;
	publication.count = stage->count;
	outcome = publish(writer, &publication, error);
	if (outcome == OUTCOME_IN_DOUBT)
		stage->state = STAGE_ENDED;
	if (outcome == OUTCOME_PUBLISHED) {
		note_forget_refused(&writer->place);
		stage_committed(stage);
		tell_published(writer, replaced, live);
	}
	return outcome;
}

int atomicdir_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	enum outcome outcome;

	error = error_or(error, &own);
	outcome = stage_commit(stage, live, error);
	if (outcome == OUTCOME_NOT_PUBLISHED)
		room_report(&stage->writer, error);
	writer_report(&stage->writer, outcome, error);
	if (stage->state == STAGE_ENDED && !stage->is_waiting)
		store_unlock(&stage->writer.store);
	return outcome_result(outcome);
}

int atomicdir_finish(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	struct atomicdir_error own;

	error = error_or(error, &own);
	/* A dry run commits nothing, so that its stage is not ENDED. */
	if (stage->state != STAGE_ENDED && !(writer->options.dry_run && stage->state == STAGE_SEALED))
		return error_set(error, ATOMICDIR_USAGE, NULL, "only a stage that was committed can be finished");
	/* The commit has told its own warnings. */
	error_clear(&writer->warning);
	stage_end(stage);
	store_unlock(&writer->store);
	writer_report(writer, OUTCOME_UNCHANGED, error);
	return 0;
}

static int fill_populate(struct atomicdir_stage *stage, atomicdir_populate_fn populate, void *arg,
			 struct atomicdir_error *error)
{
	error_clear(error);
	if (populate(stage, arg, error) == 0)
		return 0;
	if (error->kind == ATOMICDIR_OK)
		error_set(error, ATOMICDIR_FAILED, NULL, "the new directory could not be filled");
	room_report(&stage->writer, error);
	writer_report(&stage->writer, OUTCOME_NOT_PUBLISHED, error);
	return -1;
}

int atomicdir_fill(const char *link, atomicdir_populate_fn populate, void *arg, const struct atomicdir_options *options,
		   struct atomicdir_error *error)
{
	struct atomicdir_error own;
	struct atomicdir_stage *stage;
	int result = -1;

	error = error_or(error, &own);
	stage = atomicdir_begin(link, options, error);
	if (stage) {
		stage->writer.warning = *error;
		stage->writer.options.leave_old = 0;
	}
	if (stage && fill_populate(stage, populate, arg, error) == 0)
		result = atomicdir_commit(stage, NULL, error);
	atomicdir_free(stage);
	return result;
}
