/* SPDX-License-Identifier: ISC */
#include "dir/prune.h"

#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "dir/begin.h"
#include "dir/history.h"
#include "dir/layout.h"
#include "dir/part.h"
#include "dir/remove.h"

#define GRACE_WAIT_MAX_MS 1000 /* the next call removes what is kept for longer */

/* ---- Removing a generation ---- */

/* In the order of their removal. `.info` goes first: if a crash comes next, the directory counts as never published, and the
 * next run removes it. PART_HOOK goes before PART_GOOD, since a hook that succeeds at this moment renames the one to the other
 * (hook.c). */
static const enum part prune_files[] = { PART_INFO, PART_INFO_NEW, PART_HOOK, PART_GOOD, PART_NOTE, PART_CARRIED, PART_FILES };
#define PRUNE_FILES (sizeof(prune_files) / sizeof(*prune_files))

void generation_remove_files(const struct place *place, int64_t number, unsigned parts)
{
	for (size_t i = 0; i < PRUNE_FILES; i++)
		if (parts & FOUND(prune_files[i]))
			part_remove(place->store_fd, number, prune_files[i]);
}

static int generation_unpublish(const struct place *place, int64_t number)
{
	for (size_t i = 0; i < PRUNE_FILES; i++)
		if (part_remove(place->store_fd, number, prune_files[i]) < 0)
			return -1;
	return 0;
}

/* A generation stays also if it cannot be found out whether it is in use. */
static void generation_warn_of_use(const struct place *place, int64_t number, enum atomicdir_kept use,
				   struct atomicdir_error *warning)
{
	const char *link = place->name.link;

	if (use == ATOMICDIR_KEPT_PINNED)
		error_warn(warning, 0, NULL, "generation %" PRId64 " of '%s' stays: a reader has pinned it", number, link);
	else if (use == ATOMICDIR_KEPT_HOOK)
		error_warn(warning, 0, NULL, "generation %" PRId64 " of '%s' stays: its hook is still running", number, link);
	else
		error_warn(warning, errno, NULL, "generation %" PRId64 " of '%s' stays: cannot find out whether it is in use",
			   number, link);
}

static int generation_remove_unused(const struct place *place, int64_t number, struct atomicdir_error *warning)
{
	enum part part = PART_DIRECTORY;
	char name[NAME_NUMBER_SIZE];
	struct atomicdir_error why;

	part_name(name, number, part);
	if (generation_unpublish(place, number) < 0) {
		error_warn(warning, errno, place->name.link, "cannot remove the record of generation %" PRId64 " of", number);
		return -1;
	}
	if (part_rename(place->store_fd, number, part, PART_TRASH) == 0)
		part = PART_TRASH;
	part_name(name, number, part);
	error_clear(&why);
	if (tree_remove_at(place->store_fd, name, &why) == 0)
		return 1;
	error_warn(warning, 0, NULL, "generation %" PRId64 " of '%s' could not be removed completely: %s", number,
		   place->name.link, why.text);
	return -1;
}

/* The directory stays locked until it is removed. A reader that opened it before waits for that lock, and then finds it
 * gone. */
int generation_remove(const struct place *place, int64_t number, struct atomicdir_error *warning)
{
	cleanup_fd int fd = place_open_generation(place, number);
	enum atomicdir_kept use = generation_use(place, number, fd);

	if (use == ATOMICDIR_KEPT_NO_MORE)
		return generation_remove_unused(place, number, warning);
	generation_warn_of_use(place, number, use, warning);
	return 0;
}

int generation_remove_unpublished(const struct place *place, int64_t number, int fd, struct atomicdir_error *warning)
{
	enum atomicdir_kept use = generation_use(place, number, fd);

	if (use != ATOMICDIR_KEPT_PINNED)
		return generation_remove_unused(place, number, warning);
	generation_warn_of_use(place, number, use, warning);
	return 0;
}

/* ---- Pruning ---- */

static void prune_one(struct writer *writer, int64_t number, struct generation_list *removed)
{
	const struct place *place = &writer->place;
	bool is_listed = removed && generation_list_add(removed, place, number, writer->live.number) == 0, is_removed;

	if (removed && !is_listed)
		error_warn(&writer->warning, 0, NULL, "cannot list what is removed");
	if (writer->options.dry_run)
		is_removed = generation_look_for_use(place, number) == ATOMICDIR_KEPT_NO_MORE;
	else
		is_removed = generation_remove(place, number, &writer->warning) == 1;
	if (!is_removed && is_listed)
		generation_list_drop(removed);
}

/* Reads the store again, since hooks may have ended since this call began. */
static int prune_decide(struct writer *writer, struct history *history)
{
	cleanup_found struct found_list found = { 0 };
	struct atomicdir_error why;

	error_clear(&why);
	if (found_read(&writer->place, &found, &why) < 0) {
		error_warn(&writer->warning, 0, NULL, "no old generation was removed: %s", why.text);
		return -1;
	}
	if (history_read(history, &writer->place, &found, writer->live.number, &writer->info, writer->boot) < 0) {
		error_warn(&writer->warning, errno, writer->place.name.store_path,
			   "no old generation was removed: cannot read the records in");
		return -1;
	}
	history->rules.keep = writer->keep;
	history->rules.grace_ms = writer->grace_ms;
	retention_decide(&history->rules, history->list, history->count);
	return 0;
}

/* Where entries are moved to LINK nothing is left of the generations before but their records. Pruning is no place to list them. */
static void prune_moved(struct writer *writer)
{
	cleanup_found struct found_list found = { 0 };
	struct atomicdir_error why;

	error_clear(&why);
	if (writer->options.dry_run)
		return;
	if (found_read(&writer->place, &found, &why) < 0)
		error_warn(&writer->warning, 0, NULL, "what is left of older generations was not removed: %s", why.text);
	for (size_t i = 0; i < found.count; i++)
		if (found.list[i].number < writer->live.number && found.list[i].parts & FOUND(PART_DIRECTORY))
			generation_remove(&writer->place, found.list[i].number, &writer->warning);
}

void prune(struct writer *writer, struct generation_list *removed)
{
	cleanup_history struct history history = HISTORY_INIT;

	if (writer->place.layout->moves_entries && writer->last_swap != OUTCOME_IN_DOUBT) {
		prune_moved(writer);
		return;
	}
	/* In doubt a power cut may still lead LINK back to an old generation. */
	if (writer->last_swap == OUTCOME_IN_DOUBT || prune_decide(writer, &history) < 0)
		return;
	for (size_t i = 0; i < history.count; i++)
		if (history.list[i].kept == ATOMICDIR_KEPT_NO_MORE)
			prune_one(writer, history.list[i].number, removed);
}

/* How long until the grace of all that is kept for it is over; 0: now. */
static int64_t prune_wait_ms(struct writer *writer)
{
	cleanup_history struct history history = HISTORY_INIT;
	int64_t wait_ms = 0;

	if (!writer->place.layout->waits_out_grace || writer->grace_ms > GRACE_WAIT_MAX_MS ||
	    writer->last_swap == OUTCOME_IN_DOUBT || prune_decide(writer, &history) < 0)
		return 0;
	for (size_t i = 0; i < history.count; i++) {
		const struct retained *one = &history.list[i];

		if (one->kept == ATOMICDIR_KEPT_GRACE && writer->grace_ms - one->age_ms > wait_ms)
			wait_ms = writer->grace_ms - one->age_ms;
	}
	return wait_ms;
}

/* A signal that is caught ends the wait: what stays then the next call removes. */
void prune_replaced(struct writer *writer)
{
	int64_t wait_ms = prune_wait_ms(writer);

	if (wait_ms > 0)
		(void)clock_sleep_ms(wait_ms);
	prune(writer, NULL);
}

int atomicdir_prune(const char *link, const struct atomicdir_options *options, struct atomicdir_generation **removed,
		    struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };
	struct atomicdir_error own;
	struct writer writer;
	int count = -1;

	error = error_or(error, &own);
	if (writer_begin(&writer, link, options, BEGIN_WITH_OURS, error) == 0) {
		prune(&writer, &list);
		count = generation_list_pack(&list, removed, error);
		store_unmake(&writer.store, &writer.place);
	}
	writer_report(&writer, count < 0 ? OUTCOME_NOT_PUBLISHED : OUTCOME_UNCHANGED, error);
	writer_end(&writer);
	return count;
}
