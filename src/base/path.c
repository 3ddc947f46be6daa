/* SPDX-License-Identifier: ISC */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What proc(5) says, provided that it still is so: a directory that was removed has no path. */
static char *path_by_descriptor(int fd)
{
	char name[64], path[PATH_MAX];
	struct stat named, open;
	ssize_t size;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	size = readlink(name, path, sizeof(path) - 1);
	if (size <= 0 || path[0] != '/')
		return NULL;
	path[size] = '\0';
	if (fstat(fd, &open) < 0 || lstat(path, &named) < 0 || named.st_dev != open.st_dev || named.st_ino != open.st_ino)
		return NULL;
	return strdup(path);
}

char *path_absolute(const char *path)
{
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);
	char *found = fd < 0 ? NULL : path_by_descriptor(fd);

	return found ? found : realpath(path, NULL);
}
