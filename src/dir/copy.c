/* SPDX-License-Identifier: ISC */
#include "dir/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/tree.h"

#define BLOCK 65536

static int copy_by_reading(int from_fd, int to_fd)
{
	/* Not on the stack: a thread may have little, and this can be inlined into what recurses. */
	char *block = wiping_malloc(BLOCK);
	ssize_t size;
	int result = block ? 0 : -1;

	while (result == 0 && (size = read_all(from_fd, block, BLOCK)) != 0)
		result = size < 0 ? -1 : write_all(to_fd, block, (size_t)size);
	wiping_free(block);
	return result;
}

static int copy_bytes(int from_fd, int to_fd)
{
	ssize_t copied;

	if (ioctl(to_fd, FICLONE, from_fd) == 0)
		return 0;
	do
		copied = copy_file_range(from_fd, NULL, to_fd, NULL, (size_t)1 << 30, 0);
	while (copied > 0);
	/* The offsets have moved along, so what is left is read. A 0 may also mean a file of proc(5)'s kind. */
	if (copied < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM)
		return -1;
	return copy_by_reading(from_fd, to_fd);
}

/* As cp -p: an owner that we may not give takes the setuid and setgid bits with it; the group alone is given if we may. */
static int give(int fd, const struct tree_entry *entry, mode_t keep)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->modified };
	mode_t mode = entry->mode & 07777;
	struct stat now;

	if (fstat(fd, &now) < 0)
		return -1;
	if ((now.st_uid != entry->uid || now.st_gid != entry->gid) && fchown(fd, entry->uid, entry->gid) < 0) {
		if (errno != EPERM && errno != EINVAL)
			return -1;
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
		if (now.st_gid != entry->gid && fchown(fd, -1U, entry->gid) < 0 && errno != EPERM && errno != EINVAL)
			return -1;
	}
	return fchmod(fd, mode | keep) < 0 || futimens(fd, times) < 0 ? -1 : 0;
}

/* Half a file is worse than none: the caller may go on. */
static void undo(int directory_fd, const char *name)
{
	int saved = errno;

	unlinkat(directory_fd, name, 0);
	errno = saved;
}

static int copy_file(int from_fd, const char *from_name, int to_fd, const char *to_name, const struct tree_entry *entry)
{
	cleanup_fd int from = openat(from_fd, from_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup_fd int to = from < 0 ? -1 : openat(to_fd, to_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (to < 0)
		return -1;
	if (copy_bytes(from, to) == 0 && give(to, entry, 0) == 0 && close(take_fd(&to)) == 0)
		return 0;
	undo(to_fd, to_name);
	return -1;
}

/* Not inlined: its text would stand on the stack once for each level. */
static __attribute__((noinline)) int copy_link(int from_fd, const char *from_name, int to_fd, const char *to_name,
					       const struct tree_entry *entry)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->modified };
	char text[4097];
	ssize_t size = readlinkat(from_fd, from_name, text, sizeof(text));

	if (size < 0)
		return -1;
	if ((size_t)size >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	text[size] = '\0';
	if (symlinkat(text, to_fd, to_name) < 0)
		return -1;
	if ((fchownat(to_fd, to_name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) == 0 || errno == EPERM || errno == EINVAL) &&
	    utimensat(to_fd, to_name, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	undo(to_fd, to_name);
	return -1;
}

static int copy_content(int from_fd, int to_fd, bool merge, const char *path, int depth, struct atomicdir_error *error);

/* What is there keeps its mode, which may forbid us to add to it. */
static int merge_directory(int from, int to_fd, const char *to_name, const char *path, int depth, struct atomicdir_error *error)
{
	cleanup_fd int to = -1;
	struct stat there;
	bool is_lent;
	int done;

	if (fstatat(to_fd, to_name, &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode))
		return 0;
	to = open_lending_at(to_fd, to_name, O_RDONLY | O_DIRECTORY);
	if (to < 0 || fstat(to, &there) < 0)
		return error_errno(error, path, "cannot open the directory to add to it");
	is_lent = (there.st_mode & 0700) != 0700 && fchmod(to, (there.st_mode & 07777) | 0700) == 0;
	done = copy_content(from, to, true, path, depth + 1, error);
	if (is_lent && fchmod(to, there.st_mode & 07777) < 0 && done == 0)
		return error_errno(error, path, "cannot set the directory's mode");
	return done;
}

static int copy_directory(int from_fd, const char *from_name, int to_fd, const char *to_name, const struct tree_entry *entry,
			  bool merge, const char *path, int depth, struct atomicdir_error *error)
{
	cleanup_fd int from = open_directory_at(from_fd, from_name), to = -1;
	struct stat made;

	if (from < 0)
		return error_errno(error, path, "cannot open to copy");
	if (mkdirat(to_fd, to_name, 0700) < 0)
		return errno == EEXIST && merge ? merge_directory(from, to_fd, to_name, path, depth, error)
						: error_errno(error, path, "cannot make the directory");
	to = open_lending_at(to_fd, to_name, O_RDONLY | O_DIRECTORY);
	if (to < 0 || fstat(to, &made) < 0)
		return error_errno(error, path, "cannot open the new directory");
	if (fchmod(to, 0700 | (made.st_mode & S_ISGID)) < 0)
		return error_errno(error, path, "cannot fill the new directory");
	if (copy_content(from, to, merge, path, depth + 1, error) < 0)
		return -1;
	if (give(to, entry, made.st_mode & S_ISGID) < 0)
		return error_errno(error, path, "cannot set the directory's mode and owner");
	return 0;
}

static int copy_entry(int from_fd, const char *from_name, int to_fd, const char *to_name, bool merge, const char *path,
		      int depth, struct atomicdir_error *error)
{
	struct tree_entry entry;
	int done;

	if (tree_look(from_fd, from_name, &entry) < 0)
		return error_errno(error, path, "cannot look at it to copy");
	if (S_ISDIR(entry.mode))
		return copy_directory(from_fd, from_name, to_fd, to_name, &entry, merge, path, depth, error);
	if (merge && faccessat(to_fd, to_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (S_ISREG(entry.mode))
		done = copy_file(from_fd, from_name, to_fd, to_name, &entry);
	else if (S_ISLNK(entry.mode))
		done = copy_link(from_fd, from_name, to_fd, to_name, &entry);
	else
		return error_set(error, ATOMICDIR_FAILED, path,
				 "neither a file, a directory nor a symlink, so it cannot be copied");
	return done < 0 ? error_errno(error, path, "cannot copy") : 0;
}

static int copy_content(int from_fd, int to_fd, bool merge, const char *path, int depth, struct atomicdir_error *error)
{
	cleanup_names struct tree_names names = { 0 };

	if (depth > TREE_DEPTH_MAX)
		return error_set(error, ATOMICDIR_FAILED, path, "directories nest deeper than %d", TREE_DEPTH_MAX);
	if (tree_names_read(from_fd, depth == 0, &names) < 0)
		return error_errno(error, path, "cannot read the directory to copy");
	for (size_t i = 0; i < names.count; i++) {
		cleanup_free char *below = tree_path(path, names.names[i]);

		if (!below)
			return error_errno(error, path, "cannot copy");
		if (copy_entry(from_fd, names.names[i], to_fd, names.names[i], merge, below, depth, error) < 0)
			return -1;
	}
	return 0;
}

int tree_copy_at(int from_fd, const char *from_name, int to_fd, const char *to_name, bool merge, struct atomicdir_error *error)
{
	return copy_entry(from_fd, from_name, to_fd, to_name, merge, to_name, 0, error);
}

int tree_copy_content(int from_fd, int to_fd, bool merge, struct atomicdir_error *error)
{
	return copy_content(from_fd, to_fd, merge, "", 0, error);
}
