/* SPDX-License-Identifier: ISC */
#include "secretdir/transform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "command/hook.h"
#include "secretdir/sealed.h"

/* The bits that COMMAND's umask takes. Files that it makes without a mode of their own have one that nobody else would choose. */
#define UMASK 0062
#define UNSET_FILE 0604
#define UNSET_PROGRAM 0715
#define DEPTH_MAX 128

/* The time that an entry's file has while COMMAND runs: whatever is written gets another one. */
static const struct timespec mark_time = { .tv_sec = 1 };

static int transform_fail(const char *path, struct atomicdir_error *error)
{
	return error_errno(error, path, "cannot prepare the transform: cannot examine");
}

/* ---- Does it have to run? ---- */

static int published_compare(const void *one, const void *other)
{
	return strcmp(((const struct published_file *)one)->path, ((const struct published_file *)other)->path);
}

/* Whether both are files of the same bytes, mode and owner. What cannot be compared differs. */
static bool file_is_same(int one_fd, int other_fd)
{
	struct stat one, other;
	char block[16384], other_block[16384];

	if (fstat(one_fd, &one) < 0 || fstat(other_fd, &other) < 0 || !S_ISREG(other.st_mode) || one.st_mode != other.st_mode ||
	    one.st_uid != other.st_uid || one.st_gid != other.st_gid || one.st_size != other.st_size)
		return false;
	for (off_t done = 0; done < one.st_size;) {
		ssize_t size = read_all(one_fd, block, sizeof(block));

		if (size <= 0 || read_all(other_fd, other_block, (size_t)size) != size ||
		    memcmp(block, other_block, (size_t)size) != 0)
			return false;
		done += size;
	}
	explicit_bzero(block, sizeof(block));
	explicit_bzero(other_block, sizeof(other_block));
	return true;
}

static bool entry_is_same(int stage_fd, int live_fd, const char *path)
{
	cleanup_fd int one_fd = openat(stage_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fd int other_fd = openat(live_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return one_fd >= 0 && other_fd >= 0 && file_is_same(one_fd, other_fd);
}

/* What somebody has altered is not carried. */
static bool made_is_same(const struct published *made, int live_fd)
{
	for (size_t i = 0; i < made->count; i++)
		if (!sealed_is_same(made->files[i].sealed, live_fd, made->files[i].path))
			return false;
	return true;
}

/* Whether the live generation was made of just these entries by just this command. The lock is held: it stays what it is. */
static bool transform_is_done(const struct transform *transform)
{
	const struct published *live = &transform->live->published, *entries = &transform->note->published;
	cleanup_fd int live_fd = -1;

	/* An earlier version noted no entries, and not what was made. */
	if (transform->live->is_unknown || !transform->live->transform || !transform->live->entries.count ||
	    strcmp(transform->live->transform, transform->options->transform) != 0 || live->count != entries->count)
		return false;
	qsort(live->files, live->count, sizeof(*live->files), published_compare);
	qsort(entries->files, entries->count, sizeof(*entries->files), published_compare);
	live_fd = open(transform->link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (live_fd >= 0 && !made_is_same(&transform->live->made, live_fd))
		return false;
	for (size_t i = 0; i < entries->count && live_fd >= 0; i++)
		if (strcmp(live->files[i].path, entries->files[i].path) != 0 ||
		    !entry_is_same(atomicdir_fd(transform->stage), live_fd, entries->files[i].path))
			return false;
	return live_fd >= 0;
}

/* ---- What it may not change ---- */

/* Sets the mark on each entry's file, and remembers what the file is. */
static int entries_mark(const struct transform *transform, struct stat *before, struct atomicdir_error *error)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, mark_time };

	for (size_t i = 0; i < transform->note->published.count; i++) {
		const char *path = transform->note->published.files[i].path;

		if (fstatat(atomicdir_fd(transform->stage), path, &before[i], AT_SYMLINK_NOFOLLOW) < 0 ||
		    utimensat(atomicdir_fd(transform->stage), path, times, AT_SYMLINK_NOFOLLOW) < 0)
			return transform_fail(path, error);
	}
	return 0;
}

static bool entry_is_untouched(int stage_fd, const char *path, const struct stat *before)
{
	const struct timespec times[] = { before->st_atim, before->st_mtim };
	struct stat now;

	return fstatat(stage_fd, path, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == before->st_dev &&
	       now.st_ino == before->st_ino && now.st_mode == before->st_mode && now.st_uid == before->st_uid &&
	       now.st_gid == before->st_gid && now.st_size == before->st_size && now.st_mtim.tv_sec == mark_time.tv_sec &&
	       now.st_mtim.tv_nsec == mark_time.tv_nsec && utimensat(stage_fd, path, times, AT_SYMLINK_NOFOLLOW) == 0;
}

static int entries_check_untouched(const struct transform *transform, const struct stat *before, struct atomicdir_error *error)
{
	for (size_t i = 0; i < transform->note->published.count; i++) {
		const char *path = transform->note->published.files[i].path;

		if (!entry_is_untouched(atomicdir_fd(transform->stage), path, &before[i]))
			return error_set(
				error, ATOMICDIR_FAILED, NULL,
				"the transform changed '%.200s', which is the file of an entry; let it make files of other names",
				path);
	}
	return 0;
}

/* ---- What it made ---- */

struct walk {
	const struct transform *transform;
	gid_t gid; /* that a new file gets here */
	struct atomicdir_error *error;
};

static bool path_is_entry(const struct published *entries, const char *path)
{
	const struct published_file wanted = { .path = (char *)(uintptr_t)path };

	return entries->count && bsearch(&wanted, entries->files, entries->count, sizeof(*entries->files), published_compare);
}

static int made_note(struct round_note *note, const char *path)
{
	struct published_file *file = published_add(&note->made);

	return file ? published_set(&file->path, path) : -1;
}

static int made_note_all(struct round_note *note, const struct published *made)
{
	for (size_t i = 0; i < made->count; i++)
		if (made_note(note, made->files[i].path) < 0)
			return -1;
	return 0;
}

/* Gives a new file or directory what it did not get from COMMAND. */
static int made_finish(const struct walk *walk, int fd, const char *path, const struct stat *status)
{
	const struct rights *rights = walk->transform->rights;
	mode_t mode = status->st_mode & 07777;
	bool is_directory = S_ISDIR(status->st_mode);

	if (status->st_uid == geteuid() && status->st_gid == walk->gid && rights_own(rights, NULL, fd, path, walk->error) < 0)
		return -1;
	if (is_directory ? (mode & 0777) == UNSET_PROGRAM : mode == UNSET_FILE || mode == UNSET_PROGRAM)
		mode = is_directory ? rights_dir_mode(rights, path) : rights->file_mode;
	return fchmod(fd, mode) < 0 ? error_errno(walk->error, path, "cannot set the mode of") : 0;
}

static int walk_directory(const struct walk *walk, int fd, const char *path, int depth);

static int walk_entry(const struct walk *walk, int directory_fd, const char *name, const char *path, int depth)
{
	cleanup_fd int fd = -1;
	struct stat status;

	if (fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return transform_fail(path, walk->error);
	/* A symlink has neither; what else there may be is refused when the stage is sealed. */
	if (path_is_entry(&walk->transform->note->published, path) || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
		return 0;
	fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return transform_fail(path, walk->error);
	if (S_ISDIR(status.st_mode) && walk_directory(walk, fd, path, depth + 1) < 0)
		return -1;
	if (S_ISREG(status.st_mode) && made_note(walk->transform->note, path) < 0)
		return transform_fail(path, walk->error);
	return made_finish(walk, fd, path, &status);
}

static int walk_directory(const struct walk *walk, int fd, const char *path, int depth)
{
	DIR *directory = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0));
	const struct dirent *one;
	int result = 0;

	if (!directory || depth > DEPTH_MAX)
		result = transform_fail(path, walk->error);
	while (result == 0 && (one = readdir(directory))) {
		cleanup_free char *below = NULL;

		if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0)
			continue;
		result = asprintf(&below, "%s%s%s", path, *path ? "/" : "", one->d_name) < 0
				 ? transform_fail(path, walk->error)
				 : walk_entry(walk, fd, one->d_name, below, depth);
	}
	if (directory)
		closedir(directory);
	return result;
}

static int made_finish_all(const struct transform *transform, struct atomicdir_error *error)
{
	int stage_fd = atomicdir_fd(transform->stage);
	struct walk walk = { .transform = transform, .error = error };
	struct stat status;

	if (fstat(stage_fd, &status) < 0)
		return transform_fail(transform->link, error);
	walk.gid = status.st_mode & S_ISGID ? status.st_gid : getegid();
	qsort(transform->note->published.files, transform->note->published.count, sizeof(*transform->note->published.files),
	      published_compare);
	return walk_directory(&walk, stage_fd, "", 0);
}

/* ---- Running it ---- */

static int transform_run(const struct transform *transform, struct atomicdir_error *error)
{
	const struct options *shared = &transform->options->shared;
	cleanup_free struct stat *before = calloc(transform->note->published.count + 1, sizeof(*before));
	cleanup_free struct atomicdir_generation *live = NULL;

	if (!before)
		return transform_fail(transform->link, error);
	if (atomicdir_show(transform->link, &live, NULL) < 0)
		live = NULL;
	if (entries_mark(transform, before, error) < 0)
		return -1;
	if (transform_run_command(shared, transform->options->transform, UMASK, transform->link,
				  atomicdir_path(transform->stage), live ? live->path : "", error) < 0)
		return error_prefix(error, "the transform failed");
	if (entries_check_untouched(transform, before, error) < 0)
		return -1;
	return made_finish_all(transform, error);
}

int transform_apply(const struct transform *transform, struct atomicdir_error *error)
{
	if (!transform->options->transform)
		return 0;
	if (transform_is_done(transform))
		return made_note_all(transform->note, &transform->live->made) < 0
			       ? transform_fail(transform->link, error)
			       : atomicdir_carry(transform->stage, ".", error);
	return transform_run(transform, error);
}
