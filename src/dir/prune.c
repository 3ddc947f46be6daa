/* SPDX-License-Identifier: ISC */
#include "dir/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "dir/begin.h"
#include "dir/part.h"
#include "dir/remove.h"

#define YOUNG_MAX 1000 /* no more are kept for the sake of the grace alone */

enum { KEEP = 1u << 16 }; /* beside the FOUND_ bits */

static struct found *prune_mark(struct found_list *found, int64_t number)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].number == number && found_is_published(&found->list[i])) {
			found->list[i].parts |= KEEP;
			return &found->list[i];
		}
	return NULL;
}

/* By what was live before, not by numbers: after a rollback from a bad 2 to 1, generation 3 keeps 1. -1: that cannot be read. */
static int prune_mark_chain(const struct writer *writer, struct found_list *found)
{
	int64_t number = writer->info.previous;

	for (int64_t kept = 0; kept < writer->keep && number && prune_mark(found, number); kept++) {
		cleanup_info struct info info = INFO_INIT;

		if (info_read(writer->place.store_fd, number, false, &info) < 0 && errno != ENOENT)
			return -1;
		/* Previous ones have smaller numbers; a damaged file must not lead in circles. */
		number = info.previous < number ? info.previous : 0;
	}
	return 0;
}

static void prune_mark_young(const struct writer *writer, struct found_list *found)
{
	int64_t now_ms = clock_ms();
	size_t young = 0;

	for (size_t i = 0; i < found->count && young < YOUNG_MAX; i++) {
		int64_t at_ms = info_replaced_at(&writer->info, found->list[i].number, writer->boot);

		if (at_ms < 0 || at_ms > now_ms || now_ms - at_ms >= writer->grace_ms)
			continue;
		found->list[i].parts |= KEEP;
		young++;
	}
}

static void prune_mark_newest(struct found_list *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (found_is_published(&found->list[i])) {
			found->list[i].parts |= KEEP;
			return;
		}
}

/* ---- Removing a generation ---- */

void generation_remove_files(const struct place *place, int64_t number, unsigned parts)
{
	static const enum part files[] = { PART_INFO, PART_INFO_NEW, PART_HOOK, PART_NOTE };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (parts & FOUND(files[i]))
			part_remove(place->store_fd, number, files[i]);
}

/* `.info` goes first. A death after that leaves a directory that was never published, which the next run removes. */
static int generation_unpublish(const struct place *place, int64_t number)
{
	static const enum part files[] = { PART_INFO, PART_INFO_NEW, PART_HOOK, PART_NOTE };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (part_remove(place->store_fd, number, files[i]) < 0)
			return -1;
	return 0;
}

/* The lock on the directory is held until it is gone: a reader who opened it before sees that in its pin. */
int generation_remove(const struct place *place, int64_t number, struct atomicdir_error *warning)
{
	cleanup_fd int fd = place_open_generation(place, number);
	enum part part = PART_DIRECTORY;
	char name[NAME_NUMBER_SIZE];
	struct atomicdir_error why;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return 0;
	part_name(name, number, part);
	if (generation_unpublish(place, number) < 0) {
		error_warn(warning, errno, name, "cannot remove the old generation");
		return -1;
	}
	if (part_rename(place->store_fd, number, part, PART_TRASH) == 0)
		part = PART_TRASH;
	part_name(name, number, part);
	error_clear(&why);
	if (tree_remove_at(place->store_fd, name, &why) == 0)
		return 1;
	error_warn(warning, 0, NULL, "cannot remove an old generation: %s", why.text);
	return -1;
}

/* ---- Pruning ---- */

static void prune_one(struct writer *writer, int64_t number, struct generation_list *removed)
{
	const struct place *place = &writer->place;
	bool is_listed = removed && generation_list_add(removed, place, number, writer->live.number) == 0, is_removed;

	if (removed && !is_listed)
		error_warn(&writer->warning, 0, NULL, "cannot list what is removed");
	if (writer->options.dry_run)
		is_removed = !generation_is_pinned(place, number);
	else
		is_removed = generation_remove(place, number, &writer->warning) == 1;
	if (!is_removed && is_listed)
		generation_list_drop(removed);
}

static int prune_mark_kept(struct writer *writer, struct found_list *found)
{
	prune_mark(found, writer->live.number);
	if (writer->info_errnum || prune_mark_chain(writer, found) < 0) {
		error_warn(&writer->warning, writer->info_errnum ? writer->info_errnum : errno, writer->place.name.store,
			   "old generations stay: cannot read which are to be kept in");
		return -1;
	}
	prune_mark_newest(found);
	prune_mark_young(writer, found);
	return 0;
}

void prune(struct writer *writer, struct generation_list *removed)
{
	cleanup_found struct found_list found = { 0 };
	struct atomicdir_error why;

	/* A power cut may still lead LINK back to one of them. */
	if (writer->last_swap == OUTCOME_IN_DOUBT)
		return;
	error_clear(&why);
	if (found_read(&writer->place, &found, &why) < 0) {
		error_warn(&writer->warning, 0, NULL, "old generations stay: %s", why.text);
		return;
	}
	if (prune_mark_kept(writer, &found) < 0)
		return;
	for (size_t i = 0; i < found.count; i++)
		if (found_is_published(&found.list[i]) && !(found.list[i].parts & KEEP) &&
		    found.list[i].number != writer->live.number)
			prune_one(writer, found.list[i].number, removed);
}

void prune_for_room(struct writer *writer, int errnum)
{
	if ((errnum == ENOSPC || errnum == EDQUOT) && !writer->options.dry_run)
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
