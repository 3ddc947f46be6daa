/* SPDX-License-Identifier: ISC */
#include "dir/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

int tree_look(int directory_fd, const char *name, struct tree_entry *entry)
{
	struct statx status;

	if (statx(directory_fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) < 0)
		return -1;
	*entry = (struct tree_entry){
		.mode = status.stx_mode,
		.uid = status.stx_uid,
		.gid = status.stx_gid,
		.links = status.stx_nlink,
		.size = (int64_t)status.stx_size,
		.device = makedev(status.stx_dev_major, status.stx_dev_minor),
		.inode = status.stx_ino,
		.modified = { status.stx_mtime.tv_sec, status.stx_mtime.tv_nsec },
		.is_mount = status.stx_attributes & STATX_ATTR_MOUNT_ROOT,
	};
	return 0;
}

void tree_names_clear(struct tree_names *names)
{
	int saved = errno;

	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct tree_names){ 0 };
	errno = saved;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct tree_names *names, const char *name)
{
	char **more;

	if ((names->count & (names->count - 1)) == 0) {
		more = reallocarray(names->names, names->count ? names->count * 2 : 1, sizeof(*more));
		if (!more)
			return -1;
		names->names = more;
	}
	names->names[names->count] = strdup(name);
	return names->names[names->count] ? (names->count++, 0) : -1;
}

static void close_directory(DIR **directory)
{
	int saved = errno;

	if (*directory)
		closedir(*directory);
	errno = saved;
}

int tree_names_read(int directory_fd, bool is_top, struct tree_names *names)
{
	cleanup_fd int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(close_directory) DIR *directory = NULL;
	struct dirent *entry;

	*names = (struct tree_names){ 0 };
	/* "." of a directory whose owner may not read it cannot be opened, though the descriptor at hand can be read. */
	if (fd < 0 && errno == EACCES)
		fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory)
		return -1;
	take_fd(&fd);
	rewinddir(directory);
	while (errno = 0, (entry = readdir(directory))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (is_top && strcmp(name, TREE_WAKE_NAME) == 0))
			continue;
		if (add_name(names, name) < 0)
			break;
	}
	if (errno) {
		tree_names_clear(names);
		return -1;
	}
	if (names->count)
		qsort(names->names, names->count, sizeof(*names->names), by_bytes);
	return 0;
}

char *tree_path(const char *path, const char *name)
{
	char *joined;

	return asprintf(&joined, "%s%s%s", path, *path ? "/" : "", name) < 0 ? NULL : joined;
}

static int count_in(int directory_fd, int depth, struct tree_count *count)
{
	cleanup_names struct tree_names names = { 0 };

	if (depth > TREE_DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (tree_names_read(directory_fd, depth == 0, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		cleanup_fd int fd = -1;
		struct tree_entry entry;

		if (tree_look(directory_fd, names.names[i], &entry) < 0)
			return -1;
		if (S_ISREG(entry.mode)) {
			count->files++;
			count->bytes += entry.size;
		}
		if (!S_ISDIR(entry.mode))
			continue;
		fd = open_lending_at(directory_fd, names.names[i], O_RDONLY | O_DIRECTORY);
		if (fd < 0 || count_in(fd, depth + 1, count) < 0)
			return -1;
	}
	return 0;
}

int tree_count(int directory_fd, struct tree_count *count, struct atomicdir_error *error)
{
	*count = (struct tree_count){ 0 };
	return count_in(directory_fd, 0, count) < 0 ? error_errno(error, NULL, "cannot count the files") : 0;
}
