/* SPDX-License-Identifier: ISC */
#include "dir/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "dir/dirty.h"
#include "dir/durable.h"
#include "dir/note.h"
#include "dir/part.h"
#include "dir/prune.h"
#include "dir/room.h"

/* ---- The generation's info ---- */

/* The line of a new generation: the live one, then the live one's line, without generations that were removed. */
static int describe_line(struct info *info, const struct writer *writer)
{
	bool was_in_line = false;

	for (size_t i = 0; i < writer->found.count; i++) {
		const struct found *one = &writer->found.list[i];
		bool is_live = one->number == writer->live.number, is_in_line;

		if (!is_live && !found_is_published(one))
			continue;
		is_in_line = is_live || line_has(&writer->info.line, one->number);
		if (is_in_line && line_add(&info->line, one->number, was_in_line) < 0)
			return -1;
		was_in_line = is_in_line;
	}
	info->has_line = true;
	return 0;
}

/* Copies from the live one's info when each kept generation was replaced: a prune then reads this one file. */
static int describe_replaced(struct info *info, const struct writer *writer, int64_t number)
{
	static const struct info nothing;
	int64_t live = writer->live.number;
	bool is_of_this_boot = strcmp(writer->info.boot, writer->boot) == 0;

	snprintf(info->boot, sizeof(info->boot), "%s", writer->boot);
	if (info_copy_replaced(info, is_of_this_boot ? &writer->info : &nothing, &writer->found) < 0)
		return -1;
	info_unstamp(info, number);
	return live && live != number ? info_stamp(info, live, 0) : 0;
}

static int describe_new(struct info *info, const struct writer *writer, const struct publication *publication)
{
	info->created_ms = clock_wall_ms();
	info->previous = writer->live.number;
	info->files = publication->count.files;
	info->bytes = publication->count.bytes;
	return describe_line(info, writer);
}

static int describe(struct info *info, const struct writer *writer, const struct publication *publication)
{
	struct stat top;

	if (publication->known) {
		*info = *publication->known;
		*publication->known = INFO_INIT;
	} else if (describe_new(info, writer, publication) < 0) {
		return -1;
	}
	if (fstat(publication->fd, &top) < 0)
		return -1;
	info->top_mode = top.st_mode & 07777;
	info->before = writer->live.number;
	info->is_without_hook = writer->options.hook == ATOMICDIR_HOOK_NONE;
	info->keep = publication->is_fill ? writer->keep : writer->info.keep;
	info->grace_ms = publication->is_fill ? writer->grace_ms : writer->info.grace_ms;
	info->is_synced = sync_way_has_disk(writer->way);
	return describe_replaced(info, writer, publication->number);
}

/* ---- The steps ---- */

/* Makes a new mark even if there is one already: the old one is from an earlier publication of this generation, whose hook may
 * still run and rename it. It is replaced atomically, since a power cut may lead back to this generation while its hook is
 * due. */
static int publish_mark(const struct writer *writer, int64_t number)
{
	if (writer->options.hook == ATOMICDIR_HOOK_NONE)
		return 0;
	return part_replace(writer->place.store_fd, number, PART_HOOK, "", 0, false);
}

static int publish_carried(const struct writer *writer, int64_t number, const struct carried *carried, bool is_live)
{
	cleanup_buffer struct buffer text = { 0 };

	if (carried_print(carried, &text) < 0)
		return -1;
	if (is_live)
		return part_replace(writer->place.store_fd, number, PART_CARRIED, text.bytes, text.size,
				    writer->info.is_synced);
	return part_write(writer->place.store_fd, number, PART_CARRIED, text.bytes, text.size);
}

/* Step 8. */
static int publish_prepare(struct writer *writer, const struct publication *publication, const struct info *info,
			   struct atomicdir_error *error)
{
	const struct place *place = &writer->place;
	const char *link = place->name.link;

	if (info_write_new(place->store_fd, publication->number, info) < 0)
		return error_system(error, errno, link, "cannot write the record of the new generation of");
	if (publication->note && note_write(place, publication->number, publication->note) < 0)
		return error_system(error, errno, link, "cannot write the note of the new generation of");
	if (publication->carried && publication->carried->count &&
	    publish_carried(writer, publication->number, publication->carried, false) < 0)
		return error_system(error, errno, link, "cannot record what came along into the new generation of");
	if (publish_mark(writer, publication->number) < 0)
		return error_system(error, errno, link, "cannot mark the hook as due for the new generation of");
	return publication->swap->prepare(place, publication->number, &writer->warning, error);
}

static void publish_undo(const struct writer *writer, const struct publication *publication)
{
	int store_fd = writer->place.store_fd;
	struct atomicdir_error ignored;

	publication->swap->forget(&writer->place, publication->number);
	/* What cannot be taken back the next writer will. */
	(void)layout_mend(&writer->place, &writer->live, &ignored);
	part_remove(store_fd, publication->number, PART_INFO_NEW);
	if (publication->known)
		return; /* it was published before: its note is its own, and its hook may have been due then */
	part_remove(store_fd, publication->number, PART_NOTE);
	part_remove(store_fd, publication->number, PART_CARRIED);
	part_remove(store_fd, publication->number, PART_HOOK);
}

/* The shared lock keeps room_make() from removing this generation itself, which a rollback publishes again. */
static int publish_prepare_in_room(struct writer *writer, const struct publication *publication, const struct info *info,
				   struct atomicdir_error *error)
{
	if (publish_prepare(writer, publication, info, error) == 0)
		return 0;
	flock(publication->fd, LOCK_SH | LOCK_NB);
	if (!room_make(writer, error->errnum))
		return -1;
	publish_undo(writer, publication);
	error_clear(error);
	return publish_prepare(writer, publication, info, error);
}

static int publish_announce(const struct writer *writer, const struct publication *publication, struct atomicdir_error *error)
{
	bool by_file = writer->way == SYNC_WAY_FILES;

	if (!publication->swap->announce)
		return 0;
	return publication->swap->announce(&writer->place, publication->number, &writer->live, by_file, error);
}

/* The names that readers use beside the swapped one, before it is synced: success covers them too. */
static int publish_mend(const struct writer *writer, const struct publication *publication, struct atomicdir_error *error)
{
	const struct layout *layout = writer->place.layout;

	if (!layout->mend)
		return 0;
	return layout->mend(&writer->place, publication->number, publication->fd, error);
}

/* Where entries are moved: from now on what is at names that only an older manifest has is somebody else's, also after a power cut. */
static void publish_finish_moves(struct writer *writer)
{
	const struct place *place = &writer->place;
	struct atomicdir_error why;

	error_clear(&why);
	if (place->layout->moves_entries && sync_way_has_disk(writer->way) &&
	    sync_fd(place->store_fd, place->name.store_path, &why) < 0)
		error_warn(&writer->warning, 0, NULL, "published, but %s", why.text);
}

/* Step 11. The grace of the old generation begins only now, when a power cut can no longer make it live: the barrier may have
 * taken minutes. */
static enum outcome publish_confirm(struct writer *writer, const struct publication *publication, struct atomicdir_error *error)
{
	int store_fd = writer->place.store_fd;

	if (durable_decision(writer, publication->swap, error) < 0 || publish_mend(writer, publication, error) < 0 ||
	    durable_after_swap(writer, publication->swap, error) < 0)
		return OUTCOME_IN_DOUBT;
	if (info_settle(&writer->info, store_fd, publication->number, PART_INFO_NEW, clock_ms()) < 0)
		error_warn(&writer->warning, errno, writer->place.name.link,
			   "published, but cannot record the time of the swap of");
	if (part_rename(store_fd, publication->number, PART_INFO_NEW, PART_INFO) < 0)
		error_warn(&writer->warning, errno, writer->place.name.link,
			   "published, but the next run has to complete the record of");
	publish_finish_moves(writer);
	return OUTCOME_PUBLISHED;
}

/* Step 12: makes and removes a file in the old generation. Otherwise a program that watches it by inotify(7) would notice
 * nothing until it is removed. */
static void publish_wake(struct writer *writer, int old_fd)
{
	struct lending lending = { .fd = -1 };
	int fd = create_file_at(old_fd, NAME_WAKE, 0600);

	if (fd < 0 && errno == EACCES && lending_begin(&lending, old_fd) == 0)
		fd = create_file_at(old_fd, NAME_WAKE, 0600);
	if (fd < 0 && errno != EEXIST)
		error_warn(&writer->warning, errno, writer->place.name.link,
			   "cannot wake the programs that watch the old generation of");
	close_fd(&fd);
	unlinkat(old_fd, NAME_WAKE, 0);
	if (lending_end(&lending) < 0)
		error_warn(&writer->warning, errno, writer->place.name.link,
			   "cannot restore mode %04o of the old generation of", lending.mode);
}

/* Makes the new generation the writer's live one. Returns the old one's directory, or -1. */
static int publish_advance(struct writer *writer, const struct publication *publication, struct info *info)
{
	int old_fd = take_fd(&writer->live.fd);

	if (is_broken("delete-before-durable"))
		generation_remove(&writer->place, writer->live.number, &writer->warning);
	writer->live.number = writer->live.named = publication->number;
	info_clear(&writer->info);
	writer->info = *info;
	*info = INFO_INIT;
	return old_fd;
}

/* Once it is sealed, and all that is to be synced is there. Who asks for a way of syncing gets that one. */
static void publish_choose_way(struct writer *writer, int fd, const struct info *info)
{
	if (writer->way == SYNC_WAY_FS && writer->options.sync == ATOMICDIR_SYNC_AUTO &&
	    dirty_is_dear(fd, info->files, info->bytes))
		writer->way = SYNC_WAY_FILES;
}

/* Checks again, just before the swap, that the store and the generation are in place: the barrier may have taken minutes. An
 * adoption's directory is not in the store yet. */
static int publish_is_in_place(const struct writer *writer, const struct publication *publication,
			       struct atomicdir_error *error)
{
	const struct place *place = &writer->place;

	if (publication->stop && *publication->stop)
		return error_system(error, EINTR, place->name.link, "stopped before publishing");
	if (store_check_held(&writer->store, place, error) < 0)
		return -1;
	if (publication->swap != &place->layout->swap)
		return 0;
	return place_check_generation(place, publication->number, publication->fd, error);
}

enum outcome publish(struct writer *writer, const struct publication *publication, struct atomicdir_error *error)
{
	cleanup_info struct info info = INFO_INIT;
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;
	cleanup_fd int old_fd = -1;

	if (describe(&info, writer, publication) < 0) {
		error_system(error, errno, writer->place.name.link, "cannot describe the new generation of");
		return OUTCOME_NOT_PUBLISHED;
	}
	publish_choose_way(writer, publication->fd, &info);
	if (publish_prepare_in_room(writer, publication, &info, error) == 0 &&
	    durable_before_swap(writer, publication->fd, publication->number, error) == 0 &&
	    publish_is_in_place(writer, publication, error) == 0 && publish_announce(writer, publication, error) == 0)
		outcome = publication->swap->swap(&writer->place, publication->number, &writer->live, error);
	if (outcome == OUTCOME_NOT_PUBLISHED)
		publish_undo(writer, publication);
	if (outcome == OUTCOME_PUBLISHED) {
		old_fd = publish_advance(writer, publication, &info);
		/* Nothing old may be removed before the swap is known to be on disk. */
		outcome = publish_confirm(writer, publication, error);
	}
	if (outcome == OUTCOME_IN_DOUBT)
		writer->last_swap = OUTCOME_IN_DOUBT;
	if (outcome != OUTCOME_PUBLISHED)
		return outcome;
	writer->last_swap = OUTCOME_PUBLISHED;
	/* Where entries are moved, it is LINK's directory that is watched. */
	if (old_fd >= 0 && !writer->place.layout->moves_entries)
		publish_wake(writer, old_fd);
	return outcome;
}

void publish_facts(struct writer *writer, const struct buffer *note, const struct carried *carried)
{
	const struct place *place = &writer->place;
	struct info *info = &writer->info;

	if (note && note_replace(place, writer->live.number, note, info->is_synced) < 0)
		error_warn(&writer->warning, errno, place->name.link, "cannot write the note of the live generation of");
	if (carried && publish_carried(writer, writer->live.number, carried, true) < 0)
		error_warn(&writer->warning, errno, place->name.link,
			   "cannot record what came along into the live generation of");
	if (info->keep == writer->keep && info->grace_ms == writer->grace_ms)
		return;
	info->keep = writer->keep;
	info->grace_ms = writer->grace_ms;
	if (info_replace(place->store_fd, writer->live.number, info, info->is_synced) < 0)
		error_warn(&writer->warning, errno, place->name.link, "cannot record how long to keep old generations of");
}
