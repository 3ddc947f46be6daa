/* SPDX-License-Identifier: ISC */
#include "dir/durable.h"

#include <errno.h>
#include <fcntl.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"

static int sync_part(const struct store *store, int64_t number, const char *suffix, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE];
	cleanup_fd int fd = -1;

	name_number(name, number, suffix);
	/* A FIFO, which we did not make, would keep us waiting for its writer. */
	fd = openat(store->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_errno(error, name, "cannot open it to make it durable");
	return sync_fd(fd, name, error);
}

int durable_before_swap(const struct writer *writer, int fd, int64_t number, struct atomicdir_error *error)
{
	const struct store *store = &writer->store;

	if (writer->way == SYNC_WAY_NONE || writer->way == SYNC_WAY_VOLATILE)
		return 0;
	if (writer->way == SYNC_WAY_FS)
		return sync_filesystem(fd, error);
	if (sync_tree(fd, error) < 0 || sync_part(store, number, ".info.new", error) < 0 ||
	    sync_part(store, number, ".hook", error) < 0 || sync_fd(store->lock_fd, store->name.store, error) < 0 ||
	    (!is_broken("store-not-synced") && sync_fd(store->fd, store->name.store, error) < 0))
		return -1;
	/* Until something in it is live on disk the store's own name may not be, whoever made it. */
	return !writer->live || writer->is_live_doubtful ? sync_fd(store->parent_fd, store->name.parent, error) : 0;
}

int durable_after_swap(const struct writer *writer, struct atomicdir_error *error)
{
	if (writer->way == SYNC_WAY_NONE || writer->way == SYNC_WAY_VOLATILE || is_broken("parent-not-synced"))
		return 0;
	return sync_fd(writer->store.parent_fd, writer->store.name.parent, error);
}

int durable_again(const struct writer *writer, int fd, struct atomicdir_error *error)
{
	if (durable_before_swap(writer, fd, writer->live, error) < 0)
		return -1;
	return durable_after_swap(writer, error);
}
