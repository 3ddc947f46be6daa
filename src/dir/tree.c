/* SPDX-License-Identifier: ISC */
#include "dir/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/libc.h"
#include "dir/name.h"

int tree_look(int directory_fd, const char *name, struct tree_entry *entry)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
	struct statx status;

	if (statx(directory_fd, name, flags, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &status) < 0)
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
		.changed = { status.stx_ctime.tv_sec, status.stx_ctime.tv_nsec },
		.is_mount = status.stx_attributes & STATX_ATTR_MOUNT_ROOT,
		.is_fixed = status.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND),
	};
	/* Not the device: an overlay's files have those of its layers, and subvolumes of btrfs their own. */
	entry->mount = status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : entry->device;
	if (status.stx_mask & STATX_BTIME)
		entry->born = (struct timespec){ status.stx_btime.tv_sec, status.stx_btime.tv_nsec };
	return 0;
}

bool tree_is_untouched(const struct tree_entry *before, const struct tree_entry *now)
{
	return now->inode == before->inode && now->device == before->device && clock_is_same(now->changed, before->changed);
}

bool tree_is_same_but_links(const struct tree_entry *before, const struct tree_entry *now)
{
	return now->inode == before->inode && now->size == before->size && now->mode == before->mode &&
	       clock_is_same(now->modified, before->modified);
}

int tree_cannot_read(int directory_fd, const char *name, const char *path, const char *what, struct atomicdir_error *error)
{
	int errnum = errno;
	struct tree_entry entry;

	error_system(error, errnum, path, "%s", what);
	if (errnum == EACCES && tree_look(directory_fd, name, &entry) == 0 && entry.uid != geteuid())
		error_append(error, "it belongs to user %u, but this process runs as user %u", entry.uid, geteuid());
	return -1;
}

int tree_open_parent(int top_fd, const char *path, const char **name)
{
	cleanup_free char *copy = strdup(path);
	cleanup_fd int fd = fcntl(top_fd, F_DUPFD_CLOEXEC, 0);
	char *rest = copy, *slash;

	*name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	while (copy && fd >= 0 && (slash = strchr(rest, '/'))) {
		int next;

		*slash = '\0';
		next = open_lending_at(fd, rest, O_RDONLY | O_DIRECTORY);
		close_fd(&fd);
		fd = next;
		rest = slash + 1;
	}
	return copy ? take_fd(&fd) : -1;
}

/* ---- Names ---- */

void tree_names_clear(struct tree_names *names)
{
	int saved = errno;

	free(names->names);
	free(names->text);
	*names = (struct tree_names){ 0 };
	errno = saved;
}

static int names_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names one after the other, each with its NUL: a directory may have a million of them. */
struct names_text {
	char *text;
	size_t size, capacity;
};

static int names_add(struct tree_names *names, struct names_text *gathered, const char *name)
{
	size_t size = strlen(name) + 1;

	if (size > gathered->capacity - gathered->size) {
		size_t capacity = gathered->capacity ? gathered->capacity * 2 : 1024;
		char *more = realloc(gathered->text, capacity);

		if (!more)
			return -1;
		names->text = gathered->text = more;
		gathered->capacity = capacity;
	}
	memcpy(gathered->text + gathered->size, name, size);
	gathered->size += size;
	names->count++;
	return 0;
}

static int names_sort(struct tree_names *names)
{
	const char *name = names->text;

	if (!names->count)
		return 0;
	names->names = reallocarray(NULL, names->count, sizeof(*names->names));
	if (!names->names)
		return -1;
	for (size_t i = 0; i < names->count; i++, name += strlen(name) + 1)
		names->names[i] = name;
	qsort(names->names, names->count, sizeof(*names->names), names_compare);
	return 0;
}

static void names_close_directory(DIR **directory)
{
	int saved = errno;

	if (*directory)
		closedir(*directory);
	errno = saved;
}

int tree_names_read(int directory_fd, bool is_generation, struct tree_names *names)
{
	cleanup_fd int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(names_close_directory) DIR *directory = NULL;
	struct names_text gathered = { 0 };
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

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (is_generation && strcmp(name, NAME_WAKE) == 0))
			continue;
		if (names_add(names, &gathered, name) < 0)
			break;
	}
	if (!errno && names_sort(names) == 0)
		return 0;
	tree_names_clear(names);
	return -1;
}

/* ---- Paths ---- */

int tree_path_push(struct tree_path *path, const char *name)
{
	size_t size = path->size + strlen(name) + 2;
	char *more;

	if (size > path->capacity) {
		more = realloc(path->text, size * 2);
		if (!more)
			return -1;
		path->text = more;
		path->capacity = size * 2;
	}
	if (path->size)
		path->text[path->size++] = '/';
	strcpy(path->text + path->size, name);
	path->size += strlen(name);
	return 0;
}

void tree_path_pop(struct tree_path *path, size_t size)
{
	path->size = size;
	path->text[size] = '\0';
}

void tree_path_clear(struct tree_path *path)
{
	free_pointer(&path->text);
	path->size = path->capacity = 0;
}

/* ---- The walk ---- */

static int walk_directory(const struct walk *walk, int fd, struct tree_path *path, int depth, struct atomicdir_error *error);

/* 0: its content was walked through; 1: it was passed over. */
static int walk_content(const struct walk *walk, struct walk_entry *entry, struct tree_path *path,
			struct atomicdir_error *error)
{
	int passed = walk->enter ? walk->enter(walk->arg, entry, error) : 0;

	return passed ? passed : walk_directory(walk, entry->fd, path, entry->depth, error);
}

static int walk_to(const struct walk *walk, int directory_fd, const char *name, struct tree_path *path, int depth,
		   struct atomicdir_error *error)
{
	cleanup_fd int fd = -1;
	struct walk_entry entry = { .directory_fd = directory_fd, .name = name, .depth = depth, .fd = -1 };
	int passed = 0;

	if (walk->stop && *walk->stop)
		return error_system(error, EINTR, path->text, "stopped at");
	if (tree_look(directory_fd, name, &entry.facts) < 0)
		return error_system(error, errno, path->text, "cannot examine");
	if (S_ISDIR(entry.facts.mode) && !entry.facts.is_mount) {
		fd = walk->may_lend ? open_lending_at(directory_fd, name, O_RDONLY | O_DIRECTORY)
				    : open_directory_at(directory_fd, name);
		if (fd < 0)
			return tree_cannot_read(directory_fd, name, path->text, "cannot open the directory", error);
		entry.fd = fd;
		entry.path = path->text;
		/* What was opened counts: the name may have passed to another directory meanwhile. */
		if (tree_look(fd, "", &entry.facts) < 0)
			return error_system(error, errno, path->text, "cannot examine");
		passed = walk_content(walk, &entry, path, error);
	}
	/* The path may have moved in memory. */
	entry.path = path->text;
	if (passed < 0)
		return -1;
	return passed || !walk->visit ? 0 : walk->visit(walk->arg, &entry, error);
}

static int walk_directory(const struct walk *walk, int fd, struct tree_path *path, int depth, struct atomicdir_error *error)
{
	cleanup_names struct tree_names names = { 0 };
	size_t size = path->size;

	if (depth > TREE_DEPTH_MAX)
		return error_object(error, ATOMICDIR_FAILED, path->text, "nests deeper than %d directories", TREE_DEPTH_MAX);
	if (tree_names_read(fd, walk->is_generation && !depth, &names) < 0)
		return error_system(error, errno, path->text, "cannot read the directory");
	for (size_t i = 0; i < names.count; i++) {
		if (tree_path_push(path, names.names[i]) < 0)
			return error_system(error, errno, path->text, "cannot walk the directory");
		if (walk_to(walk, fd, names.names[i], path, depth + 1, error) < 0)
			return -1;
		tree_path_pop(path, size);
	}
	return 0;
}

int tree_walk(const struct walk *walk, int top_fd, struct atomicdir_error *error)
{
	cleanup_path struct tree_path path = { 0 };

	if (walk->path && *walk->path && tree_path_push(&path, walk->path) < 0)
		return error_system(error, errno, walk->path, "cannot walk the directory");
	return walk_directory(walk, top_fd, &path, 0, error);
}
