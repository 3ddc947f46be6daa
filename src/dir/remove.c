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
#include "base/file.h"
#include "dir/tree.h"

#define OPEN_MAX_DEPTH 64 /* deeper directories are moved up to the top first, so that descriptors stay few */

struct removal {
	int top_fd;
	unsigned moved; /* directories that were moved up, and are still to be removed */
	int first_errno;
	char first_name[256];
};

static void failed(struct removal *removal, const char *name)
{
	/* Somebody else was quicker. */
	if (errno == ENOENT || removal->first_errno)
		return;
	removal->first_errno = errno;
	snprintf(removal->first_name, sizeof(removal->first_name), "%s", name);
}

static bool is_removable_directory(int parent_fd, const char *name, struct tree_entry *entry)
{
	struct stat parent;

	if (tree_look(parent_fd, name, entry) < 0 || fstatat(parent_fd, "", &parent, AT_EMPTY_PATH) < 0)
		return false;
	errno = S_ISDIR(entry->mode) ? EBUSY : EPERM;
	return S_ISDIR(entry->mode) && !entry->is_mount && entry->device == parent.st_dev;
}

static void remove_directory(struct removal *removal, int parent_fd, const char *name, int depth);

static void move_up(struct removal *removal, int directory_fd, const char *name)
{
	struct tree_entry entry;
	char up[32];

	/* Its ".." changes, which needs the right to write in it. */
	if (!is_removable_directory(directory_fd, name, &entry) ||
	    ((entry.mode & 0700) != 0700 && change_mode_at(directory_fd, name, 0700) < 0))
		return failed(removal, name);
	/* A removal that was killed may have left some of these names, perhaps above this very directory. */
	do {
		snprintf(up, sizeof(up), "..deep-%u", ++removal->moved);
		if (renameat(directory_fd, name, removal->top_fd, up) == 0)
			return;
	} while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
	failed(removal, name);
}

static void remove_content(struct removal *removal, int directory_fd, int depth)
{
	cleanup_names struct tree_names names = { 0 };

	if (tree_names_read(directory_fd, false, &names) < 0)
		failed(removal, ".");
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.names[i];

		if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			failed(removal, name);
		else if (depth >= OPEN_MAX_DEPTH)
			move_up(removal, directory_fd, name);
		else
			remove_directory(removal, directory_fd, name, depth + 1);
	}
}

static void remove_directory(struct removal *removal, int parent_fd, const char *name, int depth)
{
	cleanup_fd int fd = -1;
	struct tree_entry entry;

	if (!is_removable_directory(parent_fd, name, &entry))
		return failed(removal, name);
	fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return failed(removal, name);
	if ((entry.mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		failed(removal, name);
	if (!depth)
		removal->top_fd = fd;
	remove_content(removal, fd, depth);
	for (unsigned done = 0; !depth && done < removal->moved; done++) {
		char up[32];

		snprintf(up, sizeof(up), "..deep-%u", done + 1);
		remove_directory(removal, fd, up, 1);
	}
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
		failed(removal, name);
}

int tree_remove_at(int directory_fd, const char *name, struct atomicdir_error *error)
{
	struct removal removal = { .top_fd = -1 };

	if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(error, name, "cannot remove");
	remove_directory(&removal, directory_fd, name, 0);
	if (!removal.first_errno)
		return 0;
	errno = removal.first_errno;
	if (strcmp(removal.first_name, name) == 0)
		return error_errno(error, name, "cannot remove");
	return error_errno(error, removal.first_name, "cannot remove all of %s", name);
}
