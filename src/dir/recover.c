/* SPDX-License-Identifier: ISC */
#include "dir/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/durable.h"
#include "dir/remove.h"
#include "dir/tree.h"

static int unlink_part(const struct store *store, int64_t number, const char *suffix)
{
	char name[NAME_NUMBER_SIZE];

	name_number(name, number, suffix);
	return unlinkat(store->fd, name, 0) < 0 && errno != ENOENT ? -1 : 0;
}

static void forget_parts(const struct store *store, int64_t number, unsigned parts)
{
	static const struct {
		unsigned part;
		const char *suffix;
	} files[] = {
		{ FOUND_INFO, ".info" },
		{ FOUND_INFO_NEW, ".info.new" },
		{ FOUND_HOOK, ".hook" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (parts & files[i].part)
			unlink_part(store, number, files[i].suffix);
}

/* The lock on the directory is held until it is gone: a reader who opened it before sees that in its pin. */
int generation_remove(const struct store *store, int64_t number, struct atomicdir_error *warning)
{
	char name[NAME_NUMBER_SIZE], trash[NAME_NUMBER_SIZE];
	cleanup_fd int fd = -1;
	struct atomicdir_error why;

	name_number(name, number, "");
	name_number(trash, number, ".trash");
	fd = open_lending_at(store->fd, name, O_RDONLY | O_DIRECTORY);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return 0;
	/* A death just here leaves a directory without `.info`: never published, so the next run removes it. */
	if (unlink_part(store, number, ".info") < 0 || unlink_part(store, number, ".info.new") < 0 ||
	    unlink_part(store, number, ".hook") < 0) {
		error_warn(warning, name, "cannot remove an old generation");
		return -1;
	}
	error_clear(&why);
	if (renameat(store->fd, name, store->fd, trash) == 0)
		memcpy(name, trash, sizeof(name));
	if (tree_remove_at(store->fd, name, &why) < 0) {
		errno = 0;
		error_warn(warning, NULL, "cannot remove an old generation: %s", why.text);
		return -1;
	}
	return 1;
}

/* Without this, "unchanged" would call durable what a killed writer had only renamed. */
static int make_live_durable(struct writer *writer)
{
	cleanup_fd int fd = writer_open_generation(writer, writer->live);
	struct atomicdir_error why;

	error_clear(&why);
	if (fd >= 0 && durable_again(writer, fd, &why) == 0)
		return 0;
	writer->is_live_doubtful = true;
	error_warn(&writer->warning, NULL, "the live generation may not survive a power cut: %s", why.text);
	return -1;
}

static void finish_swap(struct writer *writer, unsigned parts)
{
	char name[NAME_NUMBER_SIZE], info_new[NAME_NUMBER_SIZE];
	bool is_diskless = writer->way == SYNC_WAY_NONE || writer->way == SYNC_WAY_VOLATILE;
	bool is_finished = parts & FOUND_INFO && !(parts & FOUND_INFO_NEW);
	bool was_synced = writer->info.is_synced;

	/* Published without a sync, since that was asked for, or since there was no disk: then the next one that syncs does it. */
	if (is_finished && (was_synced || is_diskless))
		return;
	if (!is_diskless && !is_broken("unchanged-trusts-unfinished-swap") && make_live_durable(writer) < 0)
		return;
	writer->info.is_synced = !is_diskless;
	name_number(name, writer->live, ".info");
	name_number(info_new, writer->live, ".info.new");
	if ((!(parts & FOUND_INFO_NEW) || was_synced != writer->info.is_synced
		     ? info_replace(writer->store.fd, writer->live, &writer->info, writer->info.is_synced)
		     : renameat(writer->store.fd, info_new, writer->store.fd, name)) < 0)
		error_warn(&writer->warning, name, "cannot finish an earlier publication");
}

/* A death in the middle of an adoption leaves our symlink under a generation's name. What cannot be looked at is no such thing. */
static bool is_no_directory(const struct store *store, int64_t number)
{
	char name[NAME_NUMBER_SIZE];
	struct stat status;

	name_number(name, number, "");
	return fstatat(store->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode);
}

/* What a death during step 12 leaves. */
static void forget_wake(const struct store *store, int64_t number)
{
	char path[NAME_NUMBER_SIZE + sizeof(TREE_WAKE_NAME) + 1];

	name_number(path, number, "/");
	strcat(path, TREE_WAKE_NAME);
	unlinkat(store->fd, path, 0);
}

static void recover_other(struct writer *writer, const struct found *found)
{
	const struct store *store = &writer->store;

	if (!(found->parts & FOUND_ENTRY)) {
		forget_parts(store, found->number, found->parts);
		return;
	}
	if (!(found->parts & FOUND_INFO) || is_no_directory(store, found->number)) {
		/* Never published, or no generation at all. A pin on it is a reader's mistake, and yet its reader's. */
		generation_remove(store, found->number, &writer->warning);
		return;
	}
	if (found->parts & FOUND_INFO_NEW)
		unlink_part(store, found->number, ".info.new"); /* a rollback that did not happen */
	forget_wake(store, found->number);
}

void recover(struct writer *writer, const struct found_list *found)
{
	const struct store *store = &writer->store;
	const struct found *live = found_get(found, writer->live);

	if (is_broken("recovery-trusts-next"))
		renameat(store->fd, LINK_NEXT, store->parent_fd, store->name.base);
	link_forget(store->fd);
	/* Before anything goes: until this is on disk a power cut may lead LINK back to another one. */
	if (live && live->parts & ~(unsigned)FOUND_TRASH)
		finish_swap(writer, live->parts);
	if (writer->is_live_doubtful)
		return;
	for (size_t i = 0; i < found->count; i++) {
		const struct found *one = &found->list[i];
		char trash[NAME_NUMBER_SIZE];
		struct atomicdir_error why;

		name_number(trash, one->number, ".trash");
		error_clear(&why);
		if (one->parts & FOUND_TRASH && tree_remove_at(store->fd, trash, &why) < 0) {
			errno = 0;
			error_warn(&writer->warning, NULL, "cannot remove an old generation: %s", why.text);
		}
		if (one->number != writer->live && one->parts & ~(unsigned)FOUND_TRASH)
			recover_other(writer, one);
	}
}
