/* SPDX-License-Identifier: ISC */
#include "dir/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/moment.h"
#include "dir/guard.h"
#include "dir/holder.h"
#include "dir/tree.h"

#define LOCK "lock"
#define LOCK_FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

/* ---- The store ---- */

int store_open(struct place *place, struct atomicdir_error *warning, struct atomicdir_error *error)
{
	const char *name = place->name.store;
	cleanup_fd int path_fd = openat(place->parent_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	close_fd(&place->store_fd);
	if (path_fd < 0 && errno == ENOENT)
		return 1;
	if (path_fd < 0 || fstat(path_fd, &status) < 0)
		return error_system(error, errno, place->name.store_path, "cannot open the store");
	if (guard_check(place, &status, error) < 0)
		return -1;
	/* A writer killed under umask 0777 can leave mode 0, which locks even its owner out. */
	if ((status.st_mode & 0700) != 0700 && change_mode_of(path_fd, (status.st_mode & 07777) | 0700) < 0)
		return error_system(error, errno, place->name.store_path, "cannot set the mode of the store");
	place->store_fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->store_fd < 0 && errno == ENOENT)
		return 1;
	if (place->store_fd < 0)
		return error_system(error, errno, place->name.store_path, "cannot open the store");
	return guard_repair(place, warning, error);
}

/* 0; 1: another writer has just removed the store, which was unused: try again; -1 */
static int store_make(struct store *store, struct place *place, struct atomicdir_error *warning, struct atomicdir_error *error)
{
	if (mkdirat(place->parent_fd, place->name.store, 0700) == 0)
		store->is_new = true;
	else if (errno != EEXIST)
		return error_system(error, errno, place->name.store_path, "cannot make the store");
	return store_open(place, warning, error);
}

/* ---- The lock ---- */

/* Like the store, the lock may have mode 0 after a crash, which is repaired, but never on a file that has other hard links. */
static int lock_open(const struct place *place)
{
	cleanup_fd int fd = openat(place->store_fd, LOCK, LOCK_FLAGS), path_fd = -1;
	struct stat status;

	if (fd >= 0 || errno != EACCES)
		return take_fd(&fd);
	path_fd = openat(place->store_fd, LOCK, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (path_fd < 0 || fstat(path_fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1 ||
	    status.st_uid != geteuid() || change_mode_of(path_fd, 0600) < 0) {
		errno = EACCES;
		return -1;
	}
	return openat(place->store_fd, LOCK, LOCK_FLAGS);
}

static int lock_make(const struct place *place)
{
	cleanup_fd int fd = openat(place->store_fd, LOCK, LOCK_FLAGS | O_CREAT, 0600);

	return fd < 0 || give_to_owner_of(place->store_fd, fd) < 0 ? -1 : take_fd(&fd);
}

static int lock_check(const struct store *store, const struct place *place, struct atomicdir_error *error)
{
	struct stat lock, directory;

	if (fstat(store->lock_fd, &lock) < 0 || fstat(place->store_fd, &directory) < 0)
		return error_system(error, errno, place->name.store_path, "cannot examine the lock in the store");
	if (!S_ISREG(lock.st_mode) || lock.st_nlink > 1 || lock.st_uid != directory.st_uid)
		return error_object(error, ATOMICDIR_FAILED, place->name.store_path,
				    "holds a lock file that has another owner or other hard links");
	if ((lock.st_mode & 07777) != 0600 && fchmod(store->lock_fd, 0600) < 0)
		return error_system(error, errno, place->name.store_path, "cannot set the mode of the lock in the store");
	return 0;
}

/* 0; 1: the store has been removed: try again; -1 */
static int store_open_lock(struct store *store, const struct place *place, struct atomicdir_error *error)
{
	close_fd(&store->lock_fd);
	store->lock_fd = lock_open(place);
	if (store->lock_fd < 0 && errno == ENOENT)
		store->lock_fd = lock_make(place);
	if (store->lock_fd < 0 && errno == ENOENT)
		return 1;
	if (store->lock_fd < 0)
		return error_system(error, errno, place->name.store_path, "cannot open the lock in the store");
	return lock_check(store, place, error);
}

/* Polls, since flock(2) has no timeout, and a timer would need a signal, which is the caller's to use. */
static int store_flock(int fd, int64_t wait_ms)
{
	int64_t end_ms = clock_ms() + wait_ms;
	struct timespec pause = { 0, 1000000 };

	if (wait_ms < 0)
		return flock(fd, LOCK_EX);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -1;
		if (clock_ms() >= end_ms) {
			errno = EWOULDBLOCK;
			return -1;
		}
		if (nanosleep(&pause, NULL) < 0)
			return -1;
		if (pause.tv_nsec < 16000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

/* Whether the name still leads to this file. -1: that cannot be known. */
static int store_is_named(int directory_fd, const char *name, int fd)
{
	struct stat named, open;

	if (fstatat(directory_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	return fstat(fd, &open) < 0 ? -1 : named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

/* -1: that cannot be known. */
static int store_is_unused(const struct store *store)
{
	struct stat lock;

	return fstat(store->lock_fd, &lock) < 0 ? -1 : lock.st_size == 0;
}

/* With the lock held: 1 if both names still lead to the store and the lock that are open; 0: they do not, so try again; -1. */
static int store_confirm(struct store *store, const struct place *place, struct atomicdir_error *error)
{
	int is_same = store_is_named(place->parent_fd, place->name.store, place->store_fd);
	int is_unused = 0;

	if (is_same > 0)
		is_same = store_is_named(place->store_fd, LOCK, store->lock_fd);
	if (is_same > 0)
		is_unused = store_is_unused(store);
	if (is_same < 0 || is_unused < 0)
		return error_system(error, errno, place->name.store_path, "cannot examine the store");
	store->is_unused = is_unused;
	return is_same;
}

static int store_busy(const struct store *store, const struct place *place, struct atomicdir_error *error)
{
	char since[32] = "", who[96] = "";
	struct holder holder;

	holder_find(&holder, store->lock_fd);
	if (holder.since)
		moment_print(holder.since, since);
	if (holder.pid)
		snprintf(who, sizeof(who), ": process %d (%s)%s%s", (int)holder.pid, holder.command, *since ? ", since " : "",
			 since);
	error_object(error, ATOMICDIR_BUSY, place->name.link, "is locked by another writer%s", who);
	error->errnum = EWOULDBLOCK;
	return -1;
}

int store_lock(struct store *store, struct place *place, int64_t wait_ms, struct atomicdir_error *warning,
	       struct atomicdir_error *error)
{
	int is_locked = 0;

	while (!is_locked) {
		int again = store_make(store, place, warning, error);

		if (again == 0)
			again = store_open_lock(store, place, error);
		if (again < 0)
			return -1;
		if (again)
			continue;
		if (store_flock(store->lock_fd, wait_ms) < 0) {
			if (errno == EWOULDBLOCK)
				return store_busy(store, place, error);
			return error_system(error, errno, place->name.link, "cannot wait for another writer of");
		}
		is_locked = store_confirm(store, place, error);
		if (is_locked < 0)
			return -1;
		store->is_new = store->is_new && is_locked;
	}
	/* For store_busy() of those who wait: since when the lock is held (holder.h). It is kept nowhere on the disk, which a call that
	 * changes nothing leaves alone. A failure only makes their message shorter. */
	(void)lseek(store->lock_fd, clock_wall_ms() / 1000, SEEK_SET);
	return 0;
}

int store_check_held(const struct store *store, const struct place *place, struct atomicdir_error *error)
{
	int is_same = store_is_named(place->parent_fd, place->name.store, place->store_fd);

	if (is_same > 0)
		is_same = store_is_named(place->store_fd, LOCK, store->lock_fd);
	if (is_same < 0)
		return error_system(error, errno, place->name.store_path, "cannot examine the store");
	if (is_same)
		return 0;
	return error_object(error, ATOMICDIR_FAILED, place->name.link,
			    "has lost its store: '%s' was removed, moved or replaced meanwhile", place->name.store_path);
}

/* LOCK_UN: a child that was forked meanwhile has a copy of the descriptor, and closing ours would leave the lock held. */
void store_unlock(struct store *store)
{
	if (store->lock_fd >= 0)
		flock(store->lock_fd, LOCK_UN);
	close_fd(&store->lock_fd);
}

/* Whether this call may remove the store: it holds the lock, or the store never had one. Otherwise another writer may use
 * it. */
static bool store_may_go(const struct store *store, const struct place *place)
{
	if (place->store_fd < 0 || store->lock_fd < 0)
		return store->is_new;
	if (store_is_named(place->parent_fd, place->name.store, place->store_fd) <= 0)
		return false;
	if (!store->is_unused &&
	    (!store->is_new || flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0 || store_is_unused(store) <= 0))
		return false;
	return store_is_named(place->store_fd, LOCK, store->lock_fd) > 0;
}

void store_unmake(const struct store *store, const struct place *place)
{
	if (store_may_go(store, place)) {
		if (store->lock_fd >= 0)
			unlinkat(place->store_fd, LOCK, 0);
		unlinkat(place->parent_fd, place->name.store, AT_REMOVEDIR);
	}
	place_unmake(place);
}

/* ENOTEMPTY if the store holds anything but its lock: then both stay. */
static int store_check_empty(const struct place *place)
{
	cleanup_names struct tree_names names = { 0 };

	if (tree_names_read(place->store_fd, false, &names) < 0)
		return -1;
	if (names.count == 1 && strcmp(names.names[0], LOCK) == 0)
		return 0;
	errno = ENOTEMPTY;
	return -1;
}

int store_remove(const struct store *store, const struct place *place)
{
	struct atomicdir_error ignored;

	if (store_check_held(store, place, &ignored) < 0) {
		errno = ESTALE;
		return -1;
	}
	if (store_check_empty(place) < 0 || unlinkat(place->store_fd, LOCK, 0) < 0)
		return -1;
	return unlinkat(place->parent_fd, place->name.store, AT_REMOVEDIR);
}

/* The last number, from the lock file. Damaged content counts as 0: the store and LINK still show which numbers were used. */
static int64_t store_read_number(int lock_fd)
{
	char text[32] = "";
	char *end;
	long long number;

	if (pread(lock_fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	number = strtoll(text, &end, 10);
	return *end != '\n' || number < 0 || number > NAME_NUMBER_MAX ? 0 : (int64_t)number;
}

int64_t store_take_number(const struct store *store, const struct place *place, int64_t highest, struct atomicdir_error *error)
{
	int64_t number = store_read_number(store->lock_fd);
	char text[32];
	int size;

	if (highest > number)
		number = highest;
	if (number >= NAME_NUMBER_MAX)
		return error_object(error, ATOMICDIR_FAILED, place->name.store_path,
				    "has no numbers left, so it must be damaged");
	size = snprintf(text, sizeof(text), "%06" PRId64 "\n", number + 1);
	if (pwrite(store->lock_fd, text, (size_t)size, 0) != size)
		return error_system(error, errno, place->name.store_path,
				    "cannot write the new number into the lock of the store");
	return number + 1;
}
