/* SPDX-License-Identifier: ISC */
#include "base/lend.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"

int change_mode_at(int directory_fd, const char *name, mode_t mode)
{
	cleanup_fd int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0)
		return fchmod(fd, mode);
	/* Its mode keeps us out. libc makes this one of a descriptor that needs no right, and /proc. */
	return errno == EACCES ? fchmodat(directory_fd, name, mode, AT_SYMLINK_NOFOLLOW) : -1;
}

int open_lending_at(int directory_fd, const char *name, int flags)
{
	struct stat status;
	int fd = openat(directory_fd, name, flags | O_CLOEXEC | O_NOFOLLOW);
	int saved;

	if (fd >= 0 || errno != EACCES)
		return fd;
	if (fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(status.st_mode) ||
	    change_mode_at(directory_fd, name, (status.st_mode & 07777) | 0700) < 0) {
		errno = EACCES;
		return -1;
	}
	fd = openat(directory_fd, name, flags | O_CLOEXEC | O_NOFOLLOW);
	saved = errno;
	if (fd >= 0 ? fchmod(fd, status.st_mode & 07777) < 0 : change_mode_at(directory_fd, name, status.st_mode & 07777) < 0) {
		close_fd(&fd);
		return -1;
	}
	errno = saved;
	return fd;
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
