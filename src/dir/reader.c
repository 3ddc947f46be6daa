/* SPDX-License-Identifier: ISC */
#include "dir/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/compare.h"
#include "dir/generation.h"
#include "dir/info.h"

#define PIN_TRIES 1000 /* a writer's hold lasts as long as a removal */
static const struct timespec pin_pause = { 0, 5000000 };

void reader_close(struct reader *reader)
{
	store_close(&reader->store);
}

int reader_open(struct reader *reader, const char *link, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE];
	struct stat status;

	*reader = (struct reader){ .store = STORE_INIT };
	if (store_open_parent(&reader->store, link, O_PATH, error) < 0)
		return -1;
	if (link_read(reader->store.parent_fd, &reader->store.name, &reader->link) < 0)
		return error_errno(error, link, "cannot look at LINK");
	if (link_require_ours(&reader->link, &reader->store.name, error) < 0)
		return -1;
	reader->store.fd =
		openat(reader->store.parent_fd, reader->store.name.store, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (reader->store.fd < 0 && errno != ENOENT)
		return error_errno(error, link, "cannot open the store of LINK");
	name_number(name, reader->link.number, "");
	if (reader->link.kind != LINK_OURS || reader->store.fd < 0)
		return 0;
	if (fstatat(reader->store.fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(error, link, "cannot look at the live generation");
	reader->live = S_ISDIR(status.st_mode) ? reader->link.number : 0;
	return 0;
}

static int require_live(const struct reader *reader, const char *link, struct atomicdir_error *error)
{
	return reader->live ? 0 : error_set(error, ATOMICDIR_NO_GENERATION, link, "nothing is published there");
}

int atomicdir_show(const char *link, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };
	cleanup_reader struct reader reader = { .store = STORE_INIT };

	error_clear(error);
	if (reader_open(&reader, link, error) < 0 || require_live(&reader, link, error) < 0)
		return -1;
	if (generation_list_add(&list, &reader.store, reader.live, reader.live) < 0)
		return error_errno(error, link, "cannot tell which generation is live");
	return generation_list_pack(&list, live, error) < 0 ? -1 : 0;
}

int atomicdir_list(const char *link, struct atomicdir_generation **list, struct atomicdir_error *error)
{
	cleanup_generations struct generation_list generations = { 0 };
	cleanup_found struct found_list found = { 0 };
	cleanup_reader struct reader reader = { .store = STORE_INIT };

	error_clear(error);
	if (reader_open(&reader, link, error) < 0)
		return -1;
	if (reader.store.fd >= 0 && store_find(&reader.store, &found, error) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++) {
		const struct found *one = &found.list[i];

		if (!(one->parts & FOUND_ENTRY) || (!(one->parts & FOUND_INFO) && one->number != reader.live))
			continue;
		if (generation_list_add(&generations, &reader.store, one->number, reader.live) < 0)
			return error_errno(error, link, "cannot list the generations");
	}
	return generation_list_pack(&generations, list, error);
}

/* ---- Holding a generation ---- */

/* Its directory, which no writer removes while that is open. -1 with ENOENT: it is not there any more; with EWOULDBLOCK: somebody
 * holds it for himself, perhaps to remove it, so look again. */
static int hold(const struct store *store, int64_t number)
{
	char name[NAME_NUMBER_SIZE];
	cleanup_fd int fd = -1;
	struct stat named, own;

	name_number(name, number, "");
	fd = open_directory_at(store->fd, name);
	/* It may have been removed between the look and the lock. */
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0 || fstat(fd, &own) < 0 ||
	    fstatat(store->fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (named.st_dev != own.st_dev || named.st_ino != own.st_ino)
		return errno = ENOENT, -1;
	return take_fd(&fd);
}

static bool is_published(const struct reader *reader, int64_t number)
{
	char info[NAME_NUMBER_SIZE];
	struct stat status;

	name_number(info, number, ".info");
	return number > 0 && reader->store.fd >= 0 &&
	       (number == reader->live || fstatat(reader->store.fd, info, &status, AT_SYMLINK_NOFOLLOW) == 0);
}

static int hold_generation(const struct reader *reader, int64_t number, struct atomicdir_error *error)
{
	int fd = -1;

	errno = ENOENT;
	for (int tries = 0; tries < PIN_TRIES && is_published(reader, number); tries++) {
		fd = hold(&reader->store, number);
		if (fd >= 0)
			return fd;
		if (errno != EWOULDBLOCK || nanosleep(&pin_pause, NULL) < 0)
			break;
	}
	if (errno == ENOENT)
		return error_set(error, ATOMICDIR_NO_GENERATION, reader->store.name.base, "there is no generation %" PRId64,
				 number);
	return error_errno(error, reader->store.name.base, "cannot open generation %" PRId64, number);
}

/* ---- Comparing ---- */

int atomicdir_diff(const char *link, int64_t a, int64_t b, struct atomicdir_change **list, struct atomicdir_error *error)
{
	cleanup_changes struct changes *changes = changes_new();
	cleanup_reader struct reader reader = { .store = STORE_INIT };
	cleanup_fd int a_fd = -1, b_fd = -1;
	int result;

	error_clear(error);
	if (!changes)
		return error_errno(error, link, "cannot compare");
	if (reader_open(&reader, link, error) < 0)
		return -1;
	if (b < 0 && require_live(&reader, link, error) < 0)
		return -1;
	/* Both are held, or a writer might remove them under the comparison. */
	b_fd = b < 0 ? atomicdir_pin(link, &b, error) : hold_generation(&reader, b, error);
	if (b_fd < 0)
		return -1;
	if (a < 0) {
		cleanup_info struct info info = INFO_INIT;

		if (info_read(reader.store.fd, b, b == reader.live, &info) < 0 && errno != ENOENT)
			return error_errno(error, link, "cannot read what was live before generation %" PRId64, b);
		a = info.previous;
	}
	if (a) {
		a_fd = hold_generation(&reader, a, error);
		if (a_fd < 0)
			return -1;
	}
	result = tree_compare(a_fd, b_fd, changes, COMPARE_EXACT, error);
	if (result >= 0 && list && changes_take(changes, list) < 0)
		return error_errno(error, link, "cannot list what differs");
	return result;
}

/* ---- Pins ---- */

/* 1: pinned, *fd is open. 0: look again. */
static int try_pin(const char *link, int64_t *generation, int *fd, struct atomicdir_error *error)
{
	cleanup_reader struct reader reader = { .store = STORE_INIT };
	cleanup_fd int opened = -1;
	struct link now;

	if (reader_open(&reader, link, error) < 0)
		return -1;
	if (reader.link.kind == LINK_ABSENT)
		return require_live(&reader, link, error);
	opened = hold(&reader.store, reader.link.number);
	if (opened < 0 && errno != ENOENT && errno != EWOULDBLOCK)
		return error_errno(error, link, "cannot open the live generation");
	/* It may have been replaced meanwhile. */
	if (opened < 0 || link_read(reader.store.parent_fd, &reader.store.name, &now) < 0 || now.kind != LINK_OURS ||
	    now.number != reader.link.number)
		return 0;
	if (generation)
		*generation = reader.link.number;
	*fd = take_fd(&opened);
	return 1;
}

int atomicdir_pin(const char *link, int64_t *generation, struct atomicdir_error *error)
{
	int fd = -1;

	error_clear(error);
	for (int tries = 0; tries < PIN_TRIES; tries++) {
		int result = try_pin(link, generation, &fd, error);

		if (result)
			return result < 0 ? -1 : fd;
		/* A first refusal is a swap just now: look at once. */
		if (tries && nanosleep(&pin_pause, NULL) < 0)
			return error_errno(error, link, "cannot wait to pin the live generation");
	}
	if (access(link, F_OK) < 0)
		return error_set(error, ATOMICDIR_NO_GENERATION, link, "LINK names a generation that is not there");
	return error_set(error, ATOMICDIR_BUSY, link, "somebody holds the live generation locked against pins");
}

int atomicdir_hook_done(const char *link, int64_t generation, struct atomicdir_error *error)
{
	cleanup_reader struct reader reader = { .store = STORE_INIT };
	char name[NAME_NUMBER_SIZE];

	error_clear(error);
	if (reader_open(&reader, link, error) < 0)
		return -1;
	name_number(name, generation, ".hook");
	if (reader.store.fd >= 0 && generation > 0 && unlinkat(reader.store.fd, name, 0) < 0 && errno != ENOENT)
		return error_errno(error, name, "cannot remove the mark of the hook");
	return 0;
}
