/* SPDX-License-Identifier: ISC */
#include "dir/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/tree.h"

#define XFS_MAGIC 0x58465342 /* statfs(2) */

/* Before 5.17 syncfs(2) dropped some errors of the file systems below. */
static int has_honest_syncfs(void)
{
	struct utsname system;
	int major = 0, minor = 0;

	return uname(&system) == 0 && sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 17));
}

enum sync_way sync_way(int fd, int wanted)
{
	struct statfs filesystem;

	if (wanted == ATOMICDIR_SYNC_NONE)
		return SYNC_WAY_NONE;
	if (wanted == ATOMICDIR_SYNC_FS)
		return SYNC_WAY_FS;
	if (wanted == ATOMICDIR_SYNC_FILES || fstatfs(fd, &filesystem) < 0)
		return SYNC_WAY_FILES;
	switch ((unsigned long)filesystem.f_type) {
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
		return SYNC_WAY_VOLATILE;
	case EXT4_SUPER_MAGIC:
	case XFS_MAGIC:
	case BTRFS_SUPER_MAGIC:
		return has_honest_syncfs() ? SYNC_WAY_FS : SYNC_WAY_FILES;
	default:
		return SYNC_WAY_FILES;
	}
}

int sync_filesystem(int fd, struct atomicdir_error *error)
{
	if (is_broken("other-file-system-synced"))
		fd = open("/", O_RDONLY | O_CLOEXEC);
	return syncfs(fd) < 0 ? error_errno(error, NULL, "cannot make the new generation durable") : 0;
}

int sync_fd(int fd, const char *what, struct atomicdir_error *error)
{
	return fsync(fd) < 0 ? error_errno(error, what, "cannot make it durable") : 0;
}

static int sync_in(int directory_fd, const char *path, struct atomicdir_error *error);

static int sync_entry(int directory_fd, const char *name, const char *path, struct atomicdir_error *error)
{
	cleanup_fd int fd = -1;
	struct tree_entry entry;

	if (tree_look(directory_fd, name, &entry) < 0)
		return error_errno(error, path, "cannot look at it to make it durable");
	if (!S_ISREG(entry.mode) && !S_ISDIR(entry.mode))
		return 0;
	fd = open_lending_at(directory_fd, name, S_ISDIR(entry.mode) ? O_RDONLY | O_DIRECTORY : O_RDONLY);
	if (fd < 0)
		return error_errno(error, path, "cannot open it to make it durable");
	if (S_ISDIR(entry.mode))
		return sync_in(fd, path, error);
	return is_broken("files-not-synced") ? 0 : sync_fd(fd, path, error);
}

static int sync_in(int directory_fd, const char *path, struct atomicdir_error *error)
{
	cleanup_names struct tree_names names = { 0 };

	if (tree_names_read(directory_fd, !*path, &names) < 0)
		return error_errno(error, path, "cannot read a directory to make it durable");
	for (size_t i = 0; i < names.count; i++) {
		cleanup_free char *below = tree_path(path, names.names[i]);

		if (!below)
			return error_errno(error, path, "cannot make it durable");
		if (sync_entry(directory_fd, names.names[i], below, error) < 0)
			return -1;
	}
	return is_broken("directories-not-synced") ? 0 : sync_fd(directory_fd, path, error);
}

int sync_tree(int top_fd, struct atomicdir_error *error)
{
	return sync_in(top_fd, "", error);
}
