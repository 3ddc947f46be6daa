/* SPDX-License-Identifier: ISC */
#include "dir/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#define LOCK "lock"
#define STORE_MODE 0711

int store_open_parent(struct store *store, const char *link, int flags, struct atomicdir_error *error)
{
	struct statfs filesystem;

	*store = STORE_INIT;
	if (name_init(&store->name, link, error) < 0)
		return -1;
	store->parent_fd = open(store->name.parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	if (store->parent_fd < 0)
		return error_errno(error, store->name.parent, "cannot open the directory of LINK");
	name_store(&store->name, fstatfs(store->parent_fd, &filesystem) == 0 ? (long)filesystem.f_namelen : 0);
	return 0;
}

void store_close(struct store *store)
{
	close_fd(&store->lock_fd);
	close_fd(&store->fd);
	close_fd(&store->parent_fd);
}

/* An own mode of 0 (a death under umask 0777) would keep its own owner out. What others may write is not repaired, so that it is
 * refused, and a file with other names is not ours alone to change. */
static int open_repairing(int directory_fd, const char *name, int flags, mode_t mode)
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

static int check_store(const struct store *store, struct stat *status, struct atomicdir_error *error)
{
	struct stat parent;

	if (fstat(store->fd, status) < 0 || fstat(store->parent_fd, &parent) < 0)
		return error_errno(error, store->name.store, "cannot look at the store");
	if (status->st_uid != geteuid())
		return error_set(error, ATOMICDIR_FAILED, store->name.store,
				 "the store belongs to user %u and this is user %u: run as its owner", status->st_uid,
				 geteuid());
	if (status->st_mode & 022)
		return error_set(error, ATOMICDIR_FAILED, store->name.store,
				 "others may write in the store (mode %04o), so what is in it cannot be trusted: "
				 "look through it, then chmod it to 0711",
				 status->st_mode & 07777);
	if (status->st_dev != parent.st_dev)
		return error_set(error, ATOMICDIR_FAILED, store->name.store, "the store is on another file system than LINK");
	return 0;
}

int store_open(struct store *store, struct atomicdir_error *error)
{
	struct stat status;

	close_fd(&store->fd);
	store->fd = open_repairing(store->parent_fd, store->name.store, O_RDONLY | O_DIRECTORY, STORE_MODE);
	if (store->fd < 0 && errno == ENOENT)
		return -1;
	if (store->fd < 0)
		return error_errno(error, store->name.store, "cannot open the store");
	return check_store(store, &status, error);
}

/* The mode that a store should have, whatever the umask, a setgid parent or a default ACL made of it. */
static int repair_store(const struct store *store, struct atomicdir_error *error)
{
	struct stat status;
	mode_t mode;

	if (fstat(store->fd, &status) < 0)
		return error_errno(error, store->name.store, "cannot look at the store");
	mode = STORE_MODE | (status.st_mode & S_ISGID);
	/* ENODATA is the rule, ENOTSUP where there are no ACLs. The store is ours whole: what else could fail shows below. */
	(void)fremovexattr(store->fd, "system.posix_acl_default");
	(void)fremovexattr(store->fd, "system.posix_acl_access");
	if ((status.st_mode & 07777) != mode && fchmod(store->fd, mode) < 0)
		return error_errno(error, store->name.store, "cannot set the store's mode");
	return 0;
}

static int make_store(struct store *store, struct atomicdir_error *error)
{
	if (mkdirat(store->parent_fd, store->name.store, 0700) == 0)
		store->is_new = true;
	else if (errno != EEXIST)
		return error_errno(error, store->name.parent, "cannot make the store %s in the directory of LINK",
				   store->name.store);
	if (store_open(store, error) < 0)
		return errno == ENOENT ? 1 : -1; /* another writer took an unused one away: look again */
	return 0;
}

/* 0; 1: the store was taken away meanwhile; -1 */
static int open_lock(struct store *store, struct atomicdir_error *error)
{
	struct stat status, lock;

	close_fd(&store->lock_fd);
	if (fstat(store->fd, &status) < 0)
		return error_errno(error, store->name.store, "cannot look at the store");
	store->lock_fd = open_repairing(store->fd, LOCK, O_RDWR, 0600);
	/* The lock is made last: without it the store was never finished. */
	if ((store->lock_fd < 0 || (status.st_mode & 05777) != STORE_MODE) && repair_store(store, error) < 0)
		return -1;
	if (store->lock_fd < 0 && errno == ENOENT)
		store->lock_fd = openat(store->fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock_fd < 0 && errno == ENOENT)
		return 1;
	if (store->lock_fd < 0 || fstat(store->lock_fd, &lock) < 0)
		return error_errno(error, store->name.store, "cannot open the lock in the store");
	if (!S_ISREG(lock.st_mode) || lock.st_nlink > 1 || lock.st_uid != status.st_uid)
		return error_set(error, ATOMICDIR_FAILED, store->name.store, "the lock in the store is not a file of our own");
	if ((lock.st_mode & 07777) != 0600 && fchmod(store->lock_fd, 0600) < 0)
		return error_errno(error, store->name.store, "cannot set the lock's mode");
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* flock(2) knows no time limit, and a timer would need a signal, which is not ours to touch. */
static int flock_within(int fd, int64_t wait_ms)
{
	int64_t end_ms = now_ms() + wait_ms;
	struct timespec pause = { 0, 1000000 };

	if (wait_ms < 0)
		return flock(fd, LOCK_EX);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -1;
		if (now_ms() >= end_ms) {
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

/* Is the name still this file's? -1: that cannot be told. */
static int is_same(int directory_fd, const char *name, int fd)
{
	struct stat named, open;

	if (fstatat(directory_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	return fstat(fd, &open) < 0 ? -1 : named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

/* -1: that cannot be told. */
static int is_unused(const struct store *store)
{
	struct stat lock;

	return fstat(store->lock_fd, &lock) < 0 ? -1 : lock.st_size == 0;
}

int store_open_locked(struct store *store, int64_t wait_ms, struct atomicdir_error *error)
{
	for (;;) {
		int same, unused = 0, again = make_store(store, error);

		if (again == 0)
			again = open_lock(store, error);
		if (again < 0)
			return -1;
		if (again)
			continue;
		if (flock_within(store->lock_fd, wait_ms) < 0) {
			if (errno != EWOULDBLOCK)
				return error_errno(error, store->name.base, "cannot wait for another writer");
			return error_set(error, ATOMICDIR_BUSY, store->name.base, "another writer is at work on it%s",
					 wait_ms ? ", and the time to wait is over" : "");
		}
		same = is_same(store->parent_fd, store->name.store, store->fd);
		if (same > 0)
			same = is_same(store->fd, LOCK, store->lock_fd);
		if (same > 0)
			unused = is_unused(store);
		if (same < 0 || unused < 0)
			return error_errno(error, store->name.store, "cannot look at the store");
		store->is_unused = unused;
		if (same)
			return 0;
		store->is_new = false;
	}
}

/* Only with the lock, or where there never was one: else it may be another writer's by now. */
static bool may_go(const struct store *store)
{
	if (store->lock_fd < 0)
		return store->is_new;
	if (!store->is_unused && (!store->is_new || flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0 || is_unused(store) <= 0))
		return false;
	return is_same(store->fd, LOCK, store->lock_fd) > 0;
}

void store_unmake(struct store *store)
{
	if (!may_go(store))
		return;
	if (store->lock_fd >= 0)
		unlinkat(store->fd, LOCK, 0);
	unlinkat(store->parent_fd, store->name.store, AT_REMOVEDIR);
}

void found_clear(struct found_list *found)
{
	free_pointer(&found->list);
	found->count = 0;
}

static unsigned part_of(const char *suffix)
{
	static const struct {
		const char *suffix;
		unsigned part;
	} parts[] = {
		{ "", FOUND_ENTRY },	 { ".info", FOUND_INFO },   { ".info.new", FOUND_INFO_NEW },
		{ ".hook", FOUND_HOOK }, { ".trash", FOUND_TRASH },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strcmp(suffix, parts[i].suffix) == 0)
			return parts[i].part;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->number < y->number ? 1 : x->number > y->number ? -1 : 0;
}

static int add(struct found_list *found, int64_t number, unsigned part)
{
	struct found *more;

	if ((found->count & (found->count - 1)) == 0) {
		more = reallocarray(found->list, found->count ? found->count * 2 : 1, sizeof(*more));
		if (!more)
			return -1;
		found->list = more;
	}
	found->list[found->count++] = (struct found){ number, part };
	return 0;
}

static void merge(struct found_list *found)
{
	size_t kept = 0;

	if (found->count)
		qsort(found->list, found->count, sizeof(*found->list), by_number);
	for (size_t i = 0; i < found->count; i++) {
		if (kept && found->list[kept - 1].number == found->list[i].number)
			found->list[kept - 1].parts |= found->list[i].parts;
		else
			found->list[kept++] = found->list[i];
	}
	found->count = kept;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

int store_find(const struct store *store, struct found_list *found, struct atomicdir_error *error)
{
	cleanup_fd int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(close_directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*found = (struct found_list){ 0 };
	if (!directory)
		return error_errno(error, store->name.store, "cannot read the store");
	take_fd(&fd);
	while (errno = 0, (entry = readdir(directory))) {
		const char *suffix;
		int64_t number = name_parse_number(entry->d_name, &suffix);
		unsigned part = number ? part_of(suffix) : 0;

		if (part && add(found, number, part) < 0)
			break;
	}
	if (errno) {
		found_clear(found);
		return error_errno(error, store->name.store, "cannot read the store");
	}
	merge(found);
	return 0;
}

const struct found *found_get(const struct found_list *found, int64_t number)
{
	struct found key = { .number = number };

	return found->count ? bsearch(&key, found->list, found->count, sizeof(key), by_number) : NULL;
}

/* Damaged contents count as 0: the store and LINK still tell. */
static int64_t read_number(int lock_fd)
{
	char text[32] = "";
	char *end;
	long long number;

	if (pread(lock_fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	number = strtoll(text, &end, 10);
	return *end != '\n' || number < 0 || number > NAME_NUMBER_MAX ? 0 : (int64_t)number;
}

int64_t store_take_number(const struct store *store, int64_t highest, struct atomicdir_error *error)
{
	int64_t number = read_number(store->lock_fd);
	char text[32];
	int size;

	if (highest > number)
		number = highest;
	if (number >= NAME_NUMBER_MAX)
		return error_set(error, ATOMICDIR_FAILED, store->name.store,
				 "the store is out of numbers, so it must be damaged");
	size = snprintf(text, sizeof(text), "%06" PRId64 "\n", number + 1);
	if (pwrite(store->lock_fd, text, (size_t)size, 0) != size)
		return error_errno(error, store->name.store, "cannot write the number into the lock");
	return number + 1;
}
