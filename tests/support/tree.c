/* SPDX-License-Identifier: ISC */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_FILE 65536

struct tree_walk {
	tree_visit_fn visit;
	void *arg;
	int directory_fd;
	char path[PATH_MAX];
};

int tree_read_names(int directory_fd, const char *path, tree_name_fn visit, void *arg)
{
	int fd = openat(directory_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry = NULL;

	if (!directory && fd >= 0)
		close(fd);
	if (!directory)
		return -1;
	errno = 0;
	while (result == 0 && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = visit(arg, entry->d_name);
		if (result == 0)
			errno = 0;
	}
	if (!entry && errno)
		result = -1;
	closedir(directory);
	return result;
}

static int tree_visit_link(struct tree_walk *walk, const char *name, struct tree_entry *entry)
{
	char text[PATH_MAX];
	ssize_t size = readlinkat(walk->directory_fd, name, text, sizeof(text) - 1);

	if (size < 0)
		return -1;
	text[size] = '\0';
	entry->bytes = text;
	entry->size = (size_t)size;
	return walk->visit(walk->arg, entry);
}

static int tree_visit_file(struct tree_walk *walk, int fd, struct tree_entry *entry)
{
	static char bytes[LARGEST_FILE + 1];
	ssize_t size = read(fd, bytes, LARGEST_FILE + 1);

	if (size < 0)
		return -1;
	if (size > LARGEST_FILE) {
		errno = EFBIG;
		return -1;
	}
	bytes[size] = '\0';
	entry->bytes = bytes;
	entry->size = (size_t)size;
	return walk->visit(walk->arg, entry);
}

static int tree_visit_name(void *arg, const char *name);

static int tree_visit_directory(struct tree_walk *walk, int fd, const struct tree_entry *entry)
{
	struct tree_walk below = { .visit = walk->visit, .arg = walk->arg, .directory_fd = fd };
	int result = walk->visit(walk->arg, entry);

	if (result)
		return result;
	snprintf(below.path, sizeof(below.path), "%s", entry->path);
	return tree_read_names(fd, ".", tree_visit_name, &below);
}

/* Looks at what was opened. What is neither a file, a directory nor a symlink is visited unread. */
static int tree_visit_name(void *arg, const char *name)
{
	struct tree_walk *walk = arg;
	char path[PATH_MAX];
	struct tree_entry entry = { .path = path, .bytes = "" };
	int fd, result;

	if (snprintf(path, sizeof(path), "%s%s%s", walk->path, *walk->path ? "/" : "", name) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (strncmp(name, "..", 2) == 0)
		return walk->visit(walk->arg, &entry);
	fd = openat(walk->directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP && fstatat(walk->directory_fd, name, &entry.status, AT_SYMLINK_NOFOLLOW) == 0)
		return tree_visit_link(walk, name, &entry);
	if (fd < 0)
		return -1;
	result = fstat(fd, &entry.status);
	if (result == 0 && S_ISDIR(entry.status.st_mode))
		result = tree_visit_directory(walk, fd, &entry);
	else if (result == 0 && S_ISREG(entry.status.st_mode))
		result = tree_visit_file(walk, fd, &entry);
	else if (result == 0)
		result = walk->visit(walk->arg, &entry);
	close(fd);
	return result;
}

int tree_read(int top_fd, tree_visit_fn visit, void *arg)
{
	struct tree_walk walk = { .visit = visit, .arg = arg };
	struct tree_entry top = { .path = "", .bytes = "" };
	int fd = openat(top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = -1;

	if (fd >= 0 && fstat(fd, &top.status) == 0)
		result = tree_visit_directory(&walk, fd, &top);
	if (fd >= 0)
		close(fd);
	return result;
}

int tree_write_file(int directory_fd, const char *path, const void *bytes, size_t size, mode_t mode)
{
	int fd = openat(directory_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_done = fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fchmod(fd, mode) == 0;

	if (fd >= 0)
		close(fd);
	return is_done ? 0 : -1;
}
