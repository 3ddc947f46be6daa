/* SPDX-License-Identifier: ISC */
#include "dir/dirty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/tree.h"

/* Below this a syncfs(2) is never dear. It also keeps the rule from being asked for what every busy machine has. */
#define DIRTY_LEAST (64LL << 20)
/* What a disk writes in the time of one sync, as it was measured on ext4 and xfs with 10 and 100 files (docs/decisions/why-two-barriers.md
 * has the figures). Where it is wrong by some times in either direction, so is the gain, and no more. */
#define DIRTY_OF_A_SYNC (4LL << 20)
/* The record of the publication, the lock, the store and the directories above it. */
#define SYNCS_BESIDE 5

bool dirty_favours_files(int64_t bytes_of_others, int64_t syncs)
{
	return bytes_of_others >= DIRTY_LEAST && syncs <= bytes_of_others / DIRTY_OF_A_SYNC;
}

/* ---- How much is dirty ---- */

static char *dirty_read(const char *path, char *text, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (length < 0)
		return NULL;
	text[length] = '\0';
	return text;
}

/* Of all disks, so this is the most that there may be on one. 0: not known. */
static int64_t dirty_of_machine(void)
{
	char text[2048];
	const char *line = dirty_read("/proc/meminfo", text, sizeof(text)) ? strstr(text, "\nDirty:") : NULL;

	return line ? strtoll(line + strlen("\nDirty:"), NULL, 10) * 1024 : 0;
}

/* Ext4 says how many blocks have no place on the disk yet. Other dirty blocks do not count: the journal's commit, which a sync of any
 * file is, waits for those that have got one just now. */
static int64_t dirty_of_ext4(int fd, const struct statfs *filesystem)
{
	char path[128], name[256], text[32];
	const char *base;
	struct stat status;
	ssize_t size;

	if (fstat(fd, &status) < 0)
		return 0;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(status.st_dev), minor(status.st_dev));
	size = readlink(path, name, sizeof(name) - 1);
	if (size < 0)
		return 0;
	name[size] = '\0';
	base = strrchr(name, '/');
	snprintf(path, sizeof(path), "/sys/fs/ext4/%.64s/delayed_allocation_blocks", base ? base + 1 : name);
	return dirty_read(path, text, sizeof(text)) ? strtoll(text, NULL, 10) * filesystem->f_bsize : 0;
}

/* Btrfs writes a log of its own for each file: there single syncs were never faster. */
static int64_t dirty_of_disk(int fd, int64_t of_machine)
{
	struct statfs filesystem;

	if (fstatfs(fd, &filesystem) < 0)
		return 0;
	switch ((unsigned long)filesystem.f_type) {
	case EXT4_SUPER_MAGIC:
		return dirty_of_ext4(fd, &filesystem);
	case XFS_SUPER_MAGIC:
		return of_machine;
	default:
		return 0;
	}
}

/* ---- How much is to be synced ---- */

struct syncs {
	int64_t count, most;
};

static int syncs_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct syncs *syncs = arg;

	syncs->count += S_ISREG(entry->facts.mode) || S_ISDIR(entry->facts.mode);
	return syncs->count > syncs->most ? error_set(error, ATOMICDIR_FAILED, NULL, "too many files") : 0;
}

/* Ends with the first one that is too many. */
static bool syncs_are_few(int top_fd, int64_t bytes_of_others)
{
	struct syncs syncs = { SYNCS_BESIDE, bytes_of_others / DIRTY_OF_A_SYNC };
	struct walk walk = { .visit = syncs_visit, .arg = &syncs, .is_generation = true, .may_lend = true };
	struct atomicdir_error ignored;

	error_clear(&ignored);
	return tree_walk(&walk, top_fd, &ignored) == 0 && dirty_favours_files(bytes_of_others, syncs.count);
}

bool dirty_is_dear(int top_fd, int64_t files, int64_t bytes)
{
	int64_t of_machine = dirty_of_machine(), of_others;

	if (!dirty_favours_files(of_machine - bytes, files + SYNCS_BESIDE))
		return false;
	of_others = dirty_of_disk(top_fd, of_machine) - bytes;
	return dirty_favours_files(of_others, files + SYNCS_BESIDE) && syncs_are_few(top_fd, of_others);
}
