/* SPDX-License-Identifier: ISC */
#include "dir/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "dir/layout.h"
#include "dir/part.h"

#define PIN_TRIES 1000 /* 5 s: a writer that removes a generation has it locked meanwhile */
static const struct timespec pin_pause = { 0, 5000000 };

/* Why pin_directory() returned no descriptor. */
enum pin_failure { PIN_GONE = -1, PIN_LOCKED = -2, PIN_FAILED = -3 };

static int pin_directory(const struct place *place, int64_t number)
{
	char name[NAME_NUMBER_SIZE];
	cleanup_fd int fd = -1;
	struct stat named, own;

	part_name(name, number, PART_DIRECTORY);
	fd = open_directory_at(place->store_fd, name);
	if (fd < 0)
		return errno == ENOENT ? PIN_GONE : PIN_FAILED;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? PIN_LOCKED : PIN_FAILED;
	if (fstat(fd, &own) < 0)
		return PIN_FAILED;
	/* A writer may have removed it after it was opened and before it was locked. */
	if (fstatat(place->store_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? PIN_GONE : PIN_FAILED;
	if (named.st_dev != own.st_dev || named.st_ino != own.st_ino)
		return PIN_GONE;
	return take_fd(&fd);
}

/* False if `number` certainly was not published. If in doubt true: then opening its directory decides. */
static bool pin_may_be_published(const struct reader *reader, int64_t number)
{
	if (number <= 0 || reader->place.store_fd < 0)
		return false;
	return number == reader->live.number || part_may_exist(reader->place.store_fd, number, PART_INFO);
}

int pin_generation(const struct reader *reader, int64_t number, struct atomicdir_error *error)
{
	const char *link = reader->place.name.link;
	int fd = PIN_GONE;

	for (int tries = 0; tries < PIN_TRIES && pin_may_be_published(reader, number); tries++) {
		fd = pin_directory(&reader->place, number);
		if (fd != PIN_LOCKED)
			break;
		if (nanosleep(&pin_pause, NULL) < 0) {
			fd = PIN_FAILED;
			break;
		}
	}
	if (fd >= 0)
		return fd;
	if (fd == PIN_GONE)
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "has no generation %" PRId64, number);
	if (fd == PIN_LOCKED)
		return error_object(error, ATOMICDIR_BUSY, link, "has generation %" PRId64 " locked by another process",
				    number);
	return error_system(error, errno, link, "cannot open generation %" PRId64 " of", number);
}

/* 1: pinned, and *fd is open; 0: LINK has just changed, or the generation is locked: try again; -1. */
static int pin_live(const char *link, int64_t *generation, int *fd, struct atomicdir_error *error)
{
	cleanup_reader struct reader reader = READER_INIT;
	cleanup_fd int opened = -1;
	struct live now;

	if (reader_open(&reader, link, error) < 0 || layout_require_generations(&reader.place, "pinning one needs", error) < 0)
		return -1;
	if (reader.live.stands == STANDS_NOTHING)
		return reader_require_live(&reader, error);
	if (reader.place.store_fd < 0)
		return 0;
	opened = pin_directory(&reader.place, reader.live.named);
	if (opened == PIN_FAILED)
		return error_system(error, errno, link, "cannot open the live generation of");
	/* If it was replaced before it was locked, the new one is wanted. */
	if (opened < 0 || live_look(&reader.place, &now) < 0 || now.stands != STANDS_OURS || now.named != reader.live.named)
		return 0;
	if (generation)
		*generation = reader.live.named;
	*fd = take_fd(&opened);
	return 1;
}

int atomicdir_pin(const char *link, int64_t *generation, struct atomicdir_error *error)
{
	cleanup_reader struct reader reader = READER_INIT;
	struct atomicdir_error own;
	int fd = -1;

	error = error_or(error, &own);
	for (int tries = 0; tries < PIN_TRIES; tries++) {
		int result = pin_live(link, generation, &fd, error);

		if (result)
			return result < 0 ? -1 : fd;
		/* The first failure usually means that a swap came in between: try again at once. */
		if (tries && nanosleep(&pin_pause, NULL) < 0)
			return error_system(error, errno, link, "cannot wait to pin the live generation of");
	}
	if (reader_open(&reader, link, error) < 0)
		return -1;
	if (!reader.live.number)
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "names a generation that does not exist");
	return error_object(error, ATOMICDIR_BUSY, link,
			    "has its live generation locked by another process, so it cannot be pinned");
}

/* ---- Pinning the source of a copy ---- */

/* How many bytes of an absolute path lead to a generation's directory, as in "/srv/.app.atomicdir/000042"; 0: the path is in
 * none. */
static size_t source_generation(const char *path)
{
	static const char suffix[] = ".atomicdir";

	for (const char *store = strstr(path, suffix); store; store = strstr(store + 1, suffix)) {
		const char *number = store + sizeof(suffix) - 1, *rest;

		if (*number == '/' && name_parse_number(number + 1, &rest) && (*rest == '/' || !*rest))
			return (size_t)(rest - path);
	}
	return 0;
}

/* 1: pinned, or the path is in no generation; 0: the generation is being removed or replaced: try again; -1. */
static int source_try(const char *path, int *pin_fd, struct atomicdir_error *error)
{
	cleanup_free char *real = path_absolute(path), *again = NULL;
	cleanup_fd int fd = -1;
	size_t size = real ? source_generation(real) : 0;
	struct stat status;

	if (!size)
		return 1;
	real[size] = '\0';
	fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_system(error, errno, path, "cannot open the generation to copy");
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return 0;
	/* Before it was locked it may have been removed, or `path` may have come to lead to another generation. */
	again = path_absolute(path);
	if (fstat(fd, &status) < 0 || !status.st_nlink || !again || strncmp(again, real, size) != 0)
		return 0;
	*pin_fd = take_fd(&fd);
	return 1;
}

int pin_source(const char *path, int *pin_fd, struct atomicdir_error *error)
{
	for (int tries = 0; tries < PIN_TRIES; tries++) {
		int done = source_try(path, pin_fd, error);

		if (done)
			return done < 0 ? -1 : 0;
		if (tries && nanosleep(&pin_pause, NULL) < 0)
			return error_system(error, errno, path, "cannot wait to copy");
	}
	return error_object(error, ATOMICDIR_FAILED, path,
			    "leads to a generation that does not exist or is locked by another process");
}
