/* SPDX-License-Identifier: ISC */
#include "base/lend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/libc.h"

int change_mode_of(int fd, mode_t mode)
{
	char path[40];
	int done = fchmod(fd, mode);

	if (done == 0 || errno != EBADF)
		return done;
	/* fchmod(2) refuses a descriptor of O_PATH. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

/* Opens the file that `path_fd` refers to, by its name. If another file has that name by now, it is closed again. */
static int lend_open_again(int path_fd, int directory_fd, const char *name, int flags)
{
	cleanup_fd int fd = openat(directory_fd, name, flags);
	struct stat wanted, got;

	if (fd < 0 || fstat(path_fd, &wanted) < 0 || fstat(fd, &got) < 0)
		return -1;
	if (wanted.st_dev == got.st_dev && wanted.st_ino == got.st_ino)
		return take_fd(&fd);
	errno = EACCES;
	return -1;
}

/* 1: it belongs to us, and its mode lacks one of the owner's rights. */
static int lend_would_help(int path_fd, struct stat *status)
{
	return path_fd >= 0 && fstat(path_fd, status) == 0 && !S_ISLNK(status->st_mode) && status->st_uid == geteuid() &&
	       (status->st_mode & 0700) != 0700;
}

int open_lending_at(int directory_fd, const char *name, int flags)
{
	int all = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, saved;
	cleanup_fd int fd = openat(directory_fd, name, all), path_fd = -1;
	struct stat status;

	if (fd >= 0 || errno != EACCES)
		return take_fd(&fd);
	path_fd = openat(directory_fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (!lend_would_help(path_fd, &status) || change_mode_of(path_fd, (status.st_mode & 07777) | 0700) < 0) {
		errno = EACCES;
		return -1;
	}
	fd = lend_open_again(path_fd, directory_fd, name, all);
	saved = errno;
	if (change_mode_of(path_fd, status.st_mode & 07777) < 0)
		return -1;
	errno = saved;
	return take_fd(&fd);
}

int lending_begin(struct lending *lending, int fd)
{
	struct stat status;

	*lending = (struct lending){ .fd = fd };
	if (fstat(fd, &status) < 0)
		return -1;
	lending->mode = status.st_mode & 07777;
	if ((lending->mode & 0700) == 0700)
		return 0;
	if (fchmod(fd, lending->mode | 0700) < 0)
		return -1;
	lending->is_lent = true;
	return 0;
}

int lending_end(struct lending *lending)
{
	int saved = errno;

	if (!lending->is_lent)
		return 0;
	lending->is_lent = false;
	if (fchmod(lending->fd, lending->mode) < 0)
		return -1;
	errno = saved;
	return 0;
}

/* What is no directory needs nothing, and is no error. *fd: the caller's, until lending_end(). */
static int lend_for_rename(struct lending *lending, int directory_fd, const char *name, int *fd)
{
	*fd = open_lending_at(directory_fd, name, O_RDONLY | O_DIRECTORY);
	if (*fd >= 0)
		return lending_begin(lending, *fd);
	return errno == ENOTDIR || errno == ENOENT || errno == ELOOP ? 0 : -1;
}

int rename_lending_at(int from_fd, int to_fd, const char *name, unsigned flags)
{
	cleanup_fd int moved = -1, exchanged = -1;
	struct lending moved_lending = { .fd = -1 }, exchanged_lending = { .fd = -1 };
	int done = renameat2(from_fd, name, to_fd, name, flags), errnum;

	if (done == 0 || errno != EACCES)
		return done;
	if (lend_for_rename(&moved_lending, from_fd, name, &moved) == 0 &&
	    (!(flags & RENAME_EXCHANGE) || lend_for_rename(&exchanged_lending, to_fd, name, &exchanged) == 0))
		done = renameat2(from_fd, name, to_fd, name, flags);
	errnum = errno;
	lending_end(&moved_lending);
	lending_end(&exchanged_lending);
	errno = errnum;
	return done;
}
