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
#include "base/lend.h"
#include "dir/manifest.h"
#include "dir/tree.h"

/* Before 5.17 syncfs(2) dropped some errors of the file systems below. */
static int sync_reports_errors(void)
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
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
		return sync_reports_errors() ? SYNC_WAY_FS : SYNC_WAY_FILES;
	default:
		return SYNC_WAY_FILES;
	}
}

int sync_filesystem(int fd, struct atomicdir_error *error)
{
	if (is_broken("other-file-system-synced"))
		fd = open("/", O_RDONLY | O_CLOEXEC);
	return syncfs(fd) < 0 ? error_system(error, errno, NULL, "cannot make the new generation durable") : 0;
}

int sync_fd(int fd, const char *what, struct atomicdir_error *error)
{
	return fsync(fd) < 0 ? error_system(error, errno, what, "cannot make durable") : 0;
}

/* Begins to write a file, for which fsync(2) then waits: ext4 finds a place for all files before the journal is committed for the first
 * one, so that one commit has them all. What fails here fsync(2) reports. */
static int sync_begin_entry(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	cleanup_fd int fd = -1;

	(void)arg;
	(void)error;
	if (!S_ISREG(entry->facts.mode) || !entry->facts.size)
		return 0;
	fd = open_lending_at(entry->directory_fd, entry->name, O_RDONLY);
	if (fd >= 0)
		(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* Syncs an entry; the walk visits a directory after its content. */
static int sync_entry(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	cleanup_fd int fd = -1;

	(void)arg;
	if (entry->fd >= 0)
		return is_broken("directories-not-synced") ? 0 : sync_fd(entry->fd, entry->path, error);
	if (!S_ISREG(entry->facts.mode) || is_broken("files-not-synced"))
		return 0;
	fd = open_lending_at(entry->directory_fd, entry->name, O_RDONLY);
	if (fd < 0)
		return error_system(error, errno, entry->path, "cannot make durable: cannot open");
	return sync_fd(fd, entry->path, error);
}

/* One that somebody has replaced or removed meanwhile is not ours to sync. */
static int sync_placed_entry(int top_fd, const struct manifest_entry *placed, struct atomicdir_error *error)
{
	int flags = S_ISDIR(placed->mode) ? O_RDONLY | O_DIRECTORY : O_RDONLY;
	const char *name;
	cleanup_fd int parent_fd = tree_open_parent(top_fd, placed->path, &name), fd = -1;
	struct tree_entry facts;

	if (parent_fd < 0 || tree_look(parent_fd, name, &facts) < 0 || (facts.mode & S_IFMT) != (placed->mode & S_IFMT))
		return 0;
	fd = open_lending_at(parent_fd, name, flags);
	if (fd < 0)
		return error_system(error, errno, placed->path, "cannot make durable: cannot open");
	return sync_fd(fd, placed->path, error);
}

int sync_placed(int top_fd, const struct manifest *placed, bool has_files, struct atomicdir_error *error)
{
	for (size_t i = 0; i < placed->count; i++) {
		const struct manifest_entry *entry = &placed->entries[i];

		if ((S_ISDIR(entry->mode) || (has_files && S_ISREG(entry->mode))) &&
		    sync_placed_entry(top_fd, entry, error) < 0)
			return -1;
	}
	return sync_fd(top_fd, "", error);
}

int sync_tree(int top_fd, struct atomicdir_error *error)
{
	struct walk begin = { .visit = sync_begin_entry, .is_generation = true, .may_lend = true };
	struct walk walk = { .visit = sync_entry, .is_generation = true, .may_lend = true };

	if (tree_walk(&begin, top_fd, error) < 0 || tree_walk(&walk, top_fd, error) < 0)
		return -1;
	return is_broken("directories-not-synced") ? 0 : sync_fd(top_fd, "", error);
}
