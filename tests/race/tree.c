/* SPDX-License-Identifier: ISC */
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int files_of(const char *token)
{
	unsigned sum = 0;

	while (*token)
		sum = sum * 31 + (unsigned char)*token++;
	return 1 + (int)(sum % 4);
}

static int write_one(int directory_fd, const char *path, const char *token)
{
	int fd = openat(directory_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t size = (ssize_t)strlen(token), done = fd < 0 ? -1 : write(fd, token, (size_t)size);

	if (fd >= 0)
		close(fd);
	return done == size ? 0 : -1;
}

int tree_write(int directory_fd, const char *token)
{
	char name[16];

	if (mkdirat(directory_fd, "sub", 0755) < 0 && faccessat(directory_fd, "sub", F_OK, 0) < 0)
		return -1;
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (i < files_of(token) ? write_one(directory_fd, name, token) < 0
					: unlinkat(directory_fd, name, 0) < 0 && faccessat(directory_fd, name, F_OK, 0) == 0)
			return -1;
	}
	return write_one(directory_fd, "sub/last", token);
}

static int read_one(int directory_fd, const char *path, char token[static TOKEN_SIZE])
{
	int fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, token, TOKEN_SIZE - 1);

	if (fd >= 0)
		close(fd);
	token[size > 0 ? size : 0] = '\0';
	return size > 0 ? 0 : -1;
}

/* What a reader may see beside the entries is the file that wakes watchers, whose name begins with "..". */
static int count_entries(int directory_fd)
{
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

int tree_look(int directory_fd, char token[static TOKEN_SIZE])
{
	int count = count_entries(directory_fd);
	char name[16], other[TOKEN_SIZE];

	if (count == 0)
		return 0;
	if (read_one(directory_fd, "sub/last", token) < 0 || count != files_of(token) + 1)
		return -1;
	for (int i = 0; i < files_of(token); i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (read_one(directory_fd, name, other) < 0 || strcmp(other, token) != 0)
			return -1;
	}
	return 1;
}
