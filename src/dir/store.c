/* SPDX-License-Identifier: ISC */
#include "dir/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lend.h"

#define LOCK "lock"
#define STORE_MODE 0711

/* A writer killed under umask 0777 can leave mode 0, which locks even its owner out: that is repaired. What others may write is not
 * repaired but refused, and a file with other names is not ours alone to change. */
static int store_open_repairing(int directory_fd, const char *name, int flags, mode_t mode)
{
	struct stat status;
	int fd = openat(directory_fd, name, flags | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 || errno != EACCES)
		return fd;
	if (fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_uid != geteuid() ||
	    S_ISLNK(status.st_mode) || status.st_mode & 022 || (!S_ISDIR(status.st_mode) && status.st_nlink > 1) ||
	    change_mode_at(directory_fd, name, mode) < 0) {
		errno = EACCES;
		return -1;
	}
	return openat(directory_fd, name, flags | O_CLOEXEC | O_NOFOLLOW);
}

static int store_check(const struct place *place, struct atomicdir_error *error)
{
	const char *name = place->name.store;
	struct stat status, parent;

	if (fstat(place->store_fd, &status) < 0 || fstat(place->parent_fd, &parent) < 0)
		return error_system(error, errno, name, "cannot look at the store");
	if (status.st_uid != geteuid())
		return error_object(error, ATOMICDIR_FAILED, name, "belongs to user %u, and this is user %u; run as its owner",
				    status.st_uid, geteuid());
	if (status.st_mode & 022)
		return error_object(error, ATOMICDIR_FAILED, name,
				    "may be written by others (mode %04o), so its content cannot be trusted; look through it, "
				    "then chmod it to 0711",
				    status.st_mode & 07777);
	if (status.st_dev != parent.st_dev)
		return error_object(error, ATOMICDIR_FAILED, name, "is on another file system than LINK");
	return 0;
}

int store_open(struct place *place, struct atomicdir_error *error)
{
	close_fd(&place->store_fd);
	place->store_fd = store_open_repairing(place->parent_fd, place->name.store, O_RDONLY | O_DIRECTORY, STORE_MODE);
	if (place->store_fd < 0 && errno == ENOENT)
		return 1;
	if (place->store_fd < 0)
		return error_system(error, errno, place->name.store, "cannot open the store");
	return store_check(place, error);
}

/* The mode that a store should have, whatever the umask, a setgid parent or a default ACL made of it. */
static int store_repair(const struct place *place, struct atomicdir_error *error)
{
	struct stat status;
	mode_t mode;

	if (fstat(place->store_fd, &status) < 0)
		return error_system(error, errno, place->name.store, "cannot look at the store");
	mode = STORE_MODE | (status.st_mode & S_ISGID);
	/* Most stores have no ACL (ENODATA), and some file systems know none (ENOTSUP). */
	(void)fremovexattr(place->store_fd, "system.posix_acl_default");
	(void)fremovexattr(place->store_fd, "system.posix_acl_access");
	if ((status.st_mode & 07777) != mode && fchmod(place->store_fd, mode) < 0)
		return error_system(error, errno, place->name.store, "cannot set the mode of the store");
	return 0;
}

/* 0; 1: another writer removed an unused store meanwhile, so look again; -1 */
static int store_make(struct store *store, struct place *place, struct atomicdir_error *error)
{
	if (mkdirat(place->parent_fd, place->name.store, 0700) == 0)
		store->is_new = true;
	else if (errno != EEXIST)
		return error_system(error, errno, place->name.parent, "cannot make the store '%s' in", place->name.store);
	return store_open(place, error);
}

static int store_check_lock(const struct store *store, const struct place *place, const struct stat *status,
			    struct atomicdir_error *error)
{
	struct stat lock;

	if (fstat(store->lock_fd, &lock) < 0)
		return error_system(error, errno, place->name.store, "cannot look at the lock in the store");
	if (!S_ISREG(lock.st_mode) || lock.st_nlink > 1 || lock.st_uid != status->st_uid)
		return error_object(error, ATOMICDIR_FAILED, place->name.store, "holds a lock that this store did not make");
	if ((lock.st_mode & 07777) != 0600 && fchmod(store->lock_fd, 0600) < 0)
		return error_system(error, errno, place->name.store, "cannot set the mode of the lock in the store");
	return 0;
}

/* 0; 1: the store was removed meanwhile; -1 */
static int store_open_lock(struct store *store, const struct place *place, struct atomicdir_error *error)
{
	struct stat status;

	close_fd(&store->lock_fd);
	if (fstat(place->store_fd, &status) < 0)
		return error_system(error, errno, place->name.store, "cannot look at the store");
	store->lock_fd = store_open_repairing(place->store_fd, LOCK, O_RDWR, 0600);
	/* The lock is made last: a store without it was never finished. */
	if ((store->lock_fd < 0 || (status.st_mode & 05777) != STORE_MODE) && store_repair(place, error) < 0)
		return -1;
	if (store->lock_fd < 0 && errno == ENOENT)
		store->lock_fd = openat(place->store_fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock_fd < 0 && errno == ENOENT)
		return 1;
	if (store->lock_fd < 0)
		return error_system(error, errno, place->name.store, "cannot open the lock in the store");
	return store_check_lock(store, place, &status, error);
}

/* flock(2) knows no time limit, and a timer would need a signal, which belongs to the caller. */
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

/* Whether the name still is this file's. -1: that cannot be known. */
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

/* With the lock held: 1 where the store's name and the lock's still are what was locked. */
static int store_confirm(struct store *store, const struct place *place, struct atomicdir_error *error)
{
	int is_same = store_is_named(place->parent_fd, place->name.store, place->store_fd);
	int is_unused = 0;

	if (is_same > 0)
		is_same = store_is_named(place->store_fd, LOCK, store->lock_fd);
	if (is_same > 0)
		is_unused = store_is_unused(store);
	if (is_same < 0 || is_unused < 0)
		return error_system(error, errno, place->name.store, "cannot look at the store");
	store->is_unused = is_unused;
	return is_same;
}

int store_lock(struct store *store, struct place *place, int64_t wait_ms, struct atomicdir_error *error)
{
	int is_locked = 0;

	while (!is_locked) {
		int again = store_make(store, place, error);

		if (again == 0)
			again = store_open_lock(store, place, error);
		if (again < 0)
			return -1;
		if (again)
			continue;
		if (store_flock(store->lock_fd, wait_ms) < 0) {
			if (errno != EWOULDBLOCK)
				return error_system(error, errno, place->name.link, "cannot wait for another writer of");
			return error_object(error, ATOMICDIR_BUSY, place->name.link, "is being published by another writer%s",
					    wait_ms ? ", and the time to wait is over" : "");
		}
		is_locked = store_confirm(store, place, error);
		if (is_locked < 0)
			return -1;
		store->is_new = store->is_new && is_locked;
	}
	return 0;
}

void store_unlock(struct store *store)
{
	close_fd(&store->lock_fd);
}

/* Only with the lock, or where there never was one: else it may be another writer's by now. */
static bool store_may_go(const struct store *store, const struct place *place)
{
	if (place->store_fd < 0 || store->lock_fd < 0)
		return store->is_new;
	if (!store->is_unused &&
	    (!store->is_new || flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0 || store_is_unused(store) <= 0))
		return false;
	return store_is_named(place->store_fd, LOCK, store->lock_fd) > 0;
}

void store_unmake(const struct store *store, const struct place *place)
{
	if (!store_may_go(store, place))
		return;
	if (store->lock_fd >= 0)
		unlinkat(place->store_fd, LOCK, 0);
	unlinkat(place->parent_fd, place->name.store, AT_REMOVEDIR);
}

/* A lock with damaged content counts as 0: the store and LINK still say which numbers were given. */
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
		return error_object(error, ATOMICDIR_FAILED, place->name.store, "has no numbers left, so it must be damaged");
	size = snprintf(text, sizeof(text), "%06" PRId64 "\n", number + 1);
	if (pwrite(store->lock_fd, text, (size_t)size, 0) != size)
		return error_system(error, errno, place->name.store, "cannot write the new number into the lock of the store");
	return number + 1;
}
