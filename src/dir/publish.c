/* SPDX-License-Identifier: ISC */
#include "dir/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/durable.h"
#include "dir/prune.h"
#include "dir/recover.h"

static int64_t wall_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool may_exist(int directory_fd, int64_t number)
{
	char name[NAME_NUMBER_SIZE];
	struct stat status;

	name_number(name, number, "");
	return fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* When each kept generation was replaced is carried along, so that the live one's info is all that a prune has to read. */
static int carry_stamps(struct info *info, const struct writer *writer, int64_t number)
{
	const struct info *old = &writer->info;

	for (size_t i = 0; strcmp(old->boot, writer->boot) == 0 && i < old->replaced_count; i++)
		if (may_exist(writer->store.fd, old->replaced[i].number) &&
		    info_stamp(info, old->replaced[i].number, old->replaced[i].at_ms) < 0)
			return -1;
	if (writer->live && writer->live != number && info_stamp(info, writer->live, writer_now_ms()) < 0)
		return -1;
	info_unstamp(info, number);
	return 0;
}

static int describe(struct info *info, const struct writer *writer, const struct publication *publication)
{
	struct stat top;

	if (publication->kind == PUBLICATION_AGAIN && info_read(writer->store.fd, publication->number, false, info) < 0)
		*info = INFO_INIT;
	if (publication->kind != PUBLICATION_AGAIN || !info->created_ms) {
		info->created_ms = wall_clock_ms();
		info->previous = writer->live < publication->number ? writer->live : 0;
		info->files = publication->count.files;
		info->bytes = publication->count.bytes;
	}
	if (fstat(publication->fd, &top) < 0)
		return -1;
	info->top_mode = top.st_mode & 07777;
	info->keep = writer->keep;
	info->grace_ms = writer->grace_ms;
	info->is_synced = writer->way == SYNC_WAY_FS || writer->way == SYNC_WAY_FILES;
	info->replaced_count = 0;
	snprintf(info->boot, sizeof(info->boot), "%s", writer->boot);
	if (publication->note) {
		free_pointer(&info->note);
		info->note = strdup(publication->note);
		if (!info->note)
			return -1;
	}
	return carry_stamps(info, writer, publication->number);
}

/* A fresh mark, though there be one: that is of an earlier time when this was live, and its hook may be running and about to end.
 * Never without one, since this generation may be what a power cut leads back to. */
static int mark_hook(int store_fd, const char *name, struct atomicdir_error *error)
{
	if (write_file_at(store_fd, LINK_NEXT, 0600, "", 0) < 0 || renameat(store_fd, LINK_NEXT, store_fd, name) < 0)
		return error_errno(error, name, "cannot write the mark of the hook");
	return 0;
}

/* Step 8. */
static int prepare(const struct writer *writer, const struct publication *publication, const struct info *info,
		   struct atomicdir_error *error)
{
	const struct store *store = &writer->store;
	char name[NAME_NUMBER_SIZE];

	name_number(name, publication->number, ".info.new");
	if (info_write_new(store->fd, publication->number, info) < 0)
		return error_errno(error, name, "cannot write what is known of the new generation");
	name_number(name, publication->number, ".hook");
	if (writer->options.has_hook && mark_hook(store->fd, name, error) < 0)
		return -1;
	return publication->kind == PUBLICATION_EXCHANGE ? 0
							 : link_prepare(store->fd, &store->name, publication->number, error);
}

static void undo(struct writer *writer, const struct publication *publication)
{
	char name[NAME_NUMBER_SIZE];

	link_forget(writer->store.fd);
	name_number(name, publication->number, ".info.new");
	unlinkat(writer->store.fd, name, 0);
	name_number(name, publication->number, ".hook");
	/* A kept generation's may have been due before. */
	if (writer->options.has_hook && publication->kind != PUBLICATION_AGAIN)
		unlinkat(writer->store.fd, name, 0);
}

/* Step 10. */
static int swap(struct writer *writer, struct publication *publication, struct atomicdir_error *error)
{
	const struct store *store = &writer->store;

	if (publication->kind == PUBLICATION_EXCHANGE)
		return link_exchange(store->parent_fd, store->fd, &store->name, publication->number, error);
	switch (link_swap(store->parent_fd, store->fd, &store->name, publication->number, &writer->link, error)) {
	case LINK_SWAPPED:
		return 0;
	case LINK_SWAP_UNKNOWN:
		publication->is_swap_unknown = true;
		writer->is_live_doubtful = true;
		if (error)
			error->kind = ATOMICDIR_NOT_DURABLE;
		error_append(error, "LINK cannot be read any more: it names generation %" PRId64 " or the one before",
			     publication->number);
		return -1;
	default:
		return -1;
	}
}

/* Step 11. */
static int confirm(struct writer *writer, const struct publication *publication, struct atomicdir_error *error)
{
	char info[NAME_NUMBER_SIZE], info_new[NAME_NUMBER_SIZE];
	const struct store *store = &writer->store;

	if (durable_after_swap(writer, error) < 0 ||
	    (publication->kind == PUBLICATION_EXCHANGE && writer->way != SYNC_WAY_NONE && writer->way != SYNC_WAY_VOLATILE &&
	     sync_fd(store->fd, store->name.store, error) < 0)) {
		if (error)
			error->kind = ATOMICDIR_NOT_DURABLE;
		error_append(error, "LINK names generation %" PRId64 " now, but a power cut may undo that; run it again",
			     publication->number);
		return -1;
	}
	name_number(info, publication->number, ".info");
	name_number(info_new, publication->number, ".info.new");
	if (renameat(store->fd, info_new, store->fd, info) < 0)
		error_warn(&writer->warning, info, "published, but it cannot be marked as finished; the next run does that");
	return 0;
}

/* Step 12: an inotify watch on the directory that LINK led to would see nothing as long as that directory is kept. */
static void wake(struct writer *writer, int old_fd)
{
	struct stat status;
	bool is_lent = false;
	int fd = create_file_at(old_fd, TREE_WAKE_NAME, 0600);

	if (fd < 0 && errno == EACCES && fstat(old_fd, &status) == 0) {
		is_lent = fchmod(old_fd, (status.st_mode & 07777) | 0300) == 0;
		fd = create_file_at(old_fd, TREE_WAKE_NAME, 0600);
	}
	if (fd < 0 && errno != EEXIST)
		error_warn(&writer->warning, NULL, "those who watch the old generation's directory were not woken");
	close_fd(&fd);
	unlinkat(old_fd, TREE_WAKE_NAME, 0);
	if (is_lent && fchmod(old_fd, status.st_mode & 07777) < 0)
		error_warn(&writer->warning, NULL, "the old generation's mode could not be set back to %04o",
			   status.st_mode & 07777);
}

int publish(struct writer *writer, struct publication *publication, struct atomicdir_error *error)
{
	cleanup_fd int old_fd = writer->live ? writer_open_generation(writer, writer->live) : -1;
	cleanup_info struct info info = INFO_INIT;

	if (describe(&info, writer, publication) < 0)
		return error_errno(error, writer->store.name.base, "cannot describe the new generation");
	if (prepare(writer, publication, &info, error) < 0 ||
	    durable_before_swap(writer, publication->fd, publication->number, error) < 0 ||
	    swap(writer, publication, error) < 0) {
		if (!publication->is_swap_unknown)
			undo(writer, publication);
		return -1;
	}
	/* LINK is new from here on; nothing old may go before that is known to be on disk. */
	if (is_broken("delete-before-durable"))
		generation_remove(&writer->store, writer->live, &writer->warning);
	writer->live = publication->number;
	info_clear(&writer->info);
	writer->info = info;
	info = INFO_INIT;
	writer->is_live_doubtful = confirm(writer, publication, error) < 0;
	if (writer->is_live_doubtful)
		return -1;
	if (old_fd >= 0)
		wake(writer, old_fd);
	close_fd(&old_fd);
	prune(writer, NULL);
	return 0;
}

void publish_facts(struct writer *writer, const char *note)
{
	struct info *info = &writer->info;
	bool is_noted = note && strcmp(note, info->note ? info->note : "") != 0;
	char *copy = is_noted ? strdup(note) : NULL;

	if (info->keep == writer->keep && info->grace_ms == writer->grace_ms && !is_noted)
		return;
	info->keep = writer->keep;
	info->grace_ms = writer->grace_ms;
	if (copy) {
		free(info->note);
		info->note = copy;
	}
	if ((is_noted && !copy) || info_replace(writer->store.fd, writer->live, info, info->is_synced) < 0)
		error_warn(&writer->warning, writer->store.name.store,
			   "cannot remember how many generations to keep, and the note");
}

void publish_make_room(struct writer *writer, int errnum)
{
	if ((errnum == ENOSPC || errnum == EDQUOT) && !writer->options.dry_run)
		prune(writer, NULL);
}
