/* SPDX-License-Identifier: ISC */
#include "dir/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/lend.h"
#include "dir/tree.h"

#define OPEN_MAX_DEPTH 64 /* deeper directories are moved up to the top first, so that descriptors stay few */

struct removal {
	int top_fd;
	unsigned moved; /* directories that were moved up, and are still to be removed */
	struct atomicdir_error first;
};

static void removal_failed(struct removal *removal, int directory_fd, const char *name)
{
	/* ENOENT: somebody else was quicker. */
	if (errno != ENOENT && removal->first.kind == ATOMICDIR_OK)
		tree_cannot_read(directory_fd, name, name, "cannot remove", &removal->first);
}

/* A directory to go into, open, and what it is. Mounts are refused: what is in them is not ours. */
static int removal_open(int parent_fd, const char *name, struct tree_entry *entry)
{
	cleanup_fd int fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	struct tree_entry parent;

	/* What could not be unlinked though it is no directory is protected (chattr(1)). */
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		errno = EPERM;
	if (fd < 0 || tree_look(fd, "", entry) < 0 || tree_look(parent_fd, "", &parent) < 0)
		return -1;
	if (!entry->is_mount && entry->mount == parent.mount)
		return take_fd(&fd);
	errno = EBUSY;
	return -1;
}

static void removal_directory(struct removal *removal, int parent_fd, const char *name, int depth);

static void removal_move_up(struct removal *removal, int directory_fd, const char *name)
{
	struct tree_entry entry;
	cleanup_fd int fd = removal_open(directory_fd, name, &entry);
	char up[32];

	/* Its ".." changes, which needs the right to write in it. */
	if (fd < 0 || ((entry.mode & 0700) != 0700 && fchmod(fd, 0700) < 0)) {
		removal_failed(removal, directory_fd, name);
		return;
	}
	/* A removal that was killed may have left some of these names, perhaps above this very directory. */
	do {
		snprintf(up, sizeof(up), "..deep-%u", ++removal->moved);
		if (renameat(directory_fd, name, removal->top_fd, up) == 0)
			return;
	} while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
	removal_failed(removal, directory_fd, name);
}

static void removal_content(struct removal *removal, int directory_fd, int depth)
{
	cleanup_names struct tree_names names = { 0 };

	if (tree_names_read(directory_fd, false, &names) < 0)
		removal_failed(removal, directory_fd, "");
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.names[i];

		if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			removal_failed(removal, directory_fd, name);
		else if (depth >= OPEN_MAX_DEPTH)
			removal_move_up(removal, directory_fd, name);
		else
			removal_directory(removal, directory_fd, name, depth + 1);
	}
}

static void removal_directory(struct removal *removal, int parent_fd, const char *name, int depth)
{
	struct tree_entry entry;
	cleanup_fd int fd = removal_open(parent_fd, name, &entry);

	if (fd < 0) {
		removal_failed(removal, parent_fd, name);
		return;
	}
	if ((entry.mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		removal_failed(removal, parent_fd, name);
	if (!depth)
		removal->top_fd = fd;
	removal_content(removal, fd, depth);
	for (unsigned done = 0; !depth && done < removal->moved; done++) {
		char up[32];

		snprintf(up, sizeof(up), "..deep-%u", done + 1);
		removal_directory(removal, fd, up, 1);
	}
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
		removal_failed(removal, parent_fd, name);
}

int tree_remove_at(int directory_fd, const char *name, struct atomicdir_error *error)
{
	struct removal removal = { .top_fd = -1 };

	if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_system(error, errno, name, "cannot remove");
	removal_directory(&removal, directory_fd, name, 0);
	if (removal.first.kind == ATOMICDIR_OK)
		return 0;
	*error = removal.first;
	return strcmp(error->path, name) == 0 ? -1 : error_prefix(error, "cannot remove all of '%s'", name);
}
