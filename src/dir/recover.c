/* SPDX-License-Identifier: ISC */
#include "dir/recover.h"

#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "dir/durable.h"
#include "dir/layout.h"
#include "dir/prune.h"
#include "dir/remove.h"

/* A killed writer may have swapped without making it durable. Without this, the next fill could report "unchanged", as if it
 * were. */
static int recover_make_durable(struct writer *writer)
{
	struct atomicdir_error why;

	error_clear(&why);
	if (writer->live.fd >= 0 && durable_again(writer, &why) == 0)
		return 0;
	writer->last_swap = OUTCOME_IN_DOUBT;
	error_warn(&writer->warning, 0, NULL, "the live generation may not survive a power cut%s%s", *why.text ? ": " : "",
		   why.text);
	return -1;
}

/* If a writer was killed after the swap and before it recorded the time, the grace of the old generation begins now. */
static void recover_settle(struct writer *writer, unsigned parts)
{
	enum part part = parts & FOUND(PART_INFO_NEW) ? PART_INFO_NEW : PART_INFO;

	if (info_settle(&writer->info, writer->place.store_fd, writer->live.number, part, clock_ms()) < 0)
		error_warn(&writer->warning, errno, writer->place.name.link, "cannot record the time of the last swap of");
}

/* The live generation's swap is made durable, and its `.info.new` becomes `.info`. */
static void recover_swap(struct writer *writer, unsigned parts)
{
	int store_fd = writer->place.store_fd, done;
	int64_t number = writer->live.number;
	bool has_disk = sync_way_has_disk(writer->way), was_synced = writer->info.is_synced;
	/* Removing a generation would break a line that the first version wrote. */
	bool is_whole = writer->info.has_line || !writer->info.line.count;
	bool is_unfinished = parts & FOUND(PART_INFO_NEW) || !(parts & FOUND(PART_INFO)) || !is_whole;

	/* It was published without a sync, as asked, or because there was no disk: the next writer that syncs makes it
	 * durable. */
	if (!is_unfinished && (was_synced || !has_disk)) {
		recover_settle(writer, parts);
		return;
	}
	if (has_disk && !is_broken("unchanged-trusts-unfinished-swap") && recover_make_durable(writer) < 0)
		return;
	recover_settle(writer, parts);
	writer->info.is_synced = has_disk;
	if (parts & FOUND(PART_INFO_NEW) && was_synced == has_disk && is_whole) {
		done = part_rename(store_fd, number, PART_INFO_NEW, PART_INFO);
	} else {
		done = info_replace(store_fd, number, &writer->info, has_disk);
		if (done == 0)
			done = part_remove(store_fd, number, PART_INFO_NEW);
	}
	if (done < 0)
		error_warn(&writer->warning, errno, writer->place.name.link, "cannot finish an earlier publication of");
}

/* A crash in the middle of an adoption leaves our symlink under a generation's name. If that cannot be examined: false. */
static bool recover_is_no_directory(const struct place *place, int64_t number)
{
	char name[NAME_NUMBER_SIZE];
	struct stat status;

	part_name(name, number, PART_DIRECTORY);
	return fstatat(place->store_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode);
}

/* Removes and restores what a crash during step 12 leaves: the file, and the write bit. */
static void recover_wake(const struct place *place, int64_t number)
{
	cleanup_fd int fd = place_open_generation(place, number);

	if (fd >= 0)
		unlinkat(fd, NAME_WAKE, 0);
}

/* Recovers a number that is not the live one's. */
static void recover_number(struct writer *writer, const struct found *found)
{
	const struct place *place = &writer->place;

	if (!(found->parts & FOUND(PART_DIRECTORY))) {
		generation_remove_files(place, found->number, found->parts);
		return;
	}
	/* Never published, or not a directory: remove it, unless a reader (wrongly) holds a pin on it. Where entries are moved to LINK none
	 * but the live one is of any use. */
	if (!found_is_published(found) || place->layout->moves_entries || recover_is_no_directory(place, found->number)) {
		generation_remove(place, found->number, &writer->warning);
		return;
	}
	/* A rollback that did not happen. */
	if (found->parts & FOUND(PART_INFO_NEW))
		part_remove(place->store_fd, found->number, PART_INFO_NEW);
	recover_wake(place, found->number);
}

static void recover_trash(struct writer *writer, int64_t number)
{
	char name[NAME_NUMBER_SIZE];
	struct atomicdir_error why;

	part_name(name, number, PART_TRASH);
	error_clear(&why);
	if (tree_remove_at(writer->place.store_fd, name, &why) < 0)
		error_warn(&writer->warning, 0, NULL, "what is left of generation %" PRId64 " of '%s' cannot be removed: %s",
			   number, writer->place.name.link, why.text);
}

/* Names that were lost come back, also where nothing else changes; nothing may go that one of them may still lead to. */
static void recover_names(struct writer *writer)
{
	const struct layout *layout = writer->place.layout;
	struct atomicdir_error why;

	error_clear(&why);
	if (durable_decision(writer, &layout->swap, &why) == 0 && layout_mend(&writer->place, &writer->live, &why) == 0)
		return;
	writer->last_swap = OUTCOME_IN_DOUBT;
	error_warn(&writer->warning, 0, NULL, "%s: %s",
		   layout->moves_entries ? "an earlier publication could not be finished" : "not every name could be repaired",
		   why.text);
}

/* In each call: whether a killed one mended a name, and did not come to sync it, cannot be seen. */
static void recover_sync_names(struct writer *writer)
{
	struct atomicdir_error why;

	if (!writer->place.layout->mend || writer->place.layout->moves_entries || writer->last_swap == OUTCOME_IN_DOUBT)
		return;
	error_clear(&why);
	if (durable_after_swap(writer, &writer->place.layout->swap, &why) == 0)
		return;
	writer->last_swap = OUTCOME_IN_DOUBT;
	error_warn(&writer->warning, 0, NULL, "the names may not survive a power cut: %s", why.text);
}

void recover(struct writer *writer)
{
	const struct place *place = &writer->place;
	const struct found_list *found = &writer->found;
	const struct found *live = found_get(found, writer->live.number);

	if (is_broken("recovery-trusts-next"))
		renameat(place->store_fd, NAME_NEXT, place->parent_fd, place->name.base);
	place->layout->recover(place);
	if (!place->layout->moves_entries || (live && live->parts & FOUND(PART_INFO_NEW)))
		recover_names(writer);
	/* What is not moved yet must not pass for published. */
	if (place->layout->moves_entries && writer->last_swap == OUTCOME_IN_DOUBT)
		return;
	/* This comes first: until the swap is on disk a power cut may lead LINK back to another generation, so none may be
	 * removed. */
	if (live && live->parts & ~FOUND(PART_TRASH))
		recover_swap(writer, live->parts);
	recover_sync_names(writer);
	if (writer->last_swap == OUTCOME_IN_DOUBT)
		return;
	for (size_t i = 0; i < found->count; i++) {
		const struct found *one = &found->list[i];

		if (one->parts & FOUND(PART_TRASH))
			recover_trash(writer, one->number);
		if (one->number != writer->live.number && one->parts & ~FOUND(PART_TRASH))
			recover_number(writer, one);
	}
}
