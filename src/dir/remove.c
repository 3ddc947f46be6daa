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
	int first_errnum;
	char first_name[256];
};

static void removal_failed(struct removal *removal, int errnum, const char *name)
{
	/* ENOENT: somebody else was quicker. */
	if (errnum == ENOENT || removal->first_errnum)
		return;
	removal->first_errnum = errnum;
	snprintf(removal->first_name, sizeof(removal->first_name), "%s", name);
}

/* Why the entry is no directory to go into; 0: it is one. */
static int removal_refuses(int parent_fd, const char *name, struct tree_entry *entry)
{
	struct stat parent;

	if (tree_look(parent_fd, name, entry) < 0 || fstatat(parent_fd, "", &parent, AT_EMPTY_PATH) < 0)
		return errno;
	if (!S_ISDIR(entry->mode))
		return EPERM;
	return entry->is_mount || entry->device != parent.st_dev ? EBUSY : 0;
}

static void removal_directory(struct removal *removal, int parent_fd, const char *name, int depth);

static void removal_move_up(struct removal *removal, int directory_fd, const char *name)
{
	struct tree_entry entry;
	char up[32];
	int refused = removal_refuses(directory_fd, name, &entry);

	/* Its ".." changes, which needs the right to write in it. */
	if (!refused && (entry.mode & 0700) != 0700 && change_mode_at(directory_fd, name, 0700) < 0)
		refused = errno;
	if (refused) {
		removal_failed(removal, refused, name);
		return;
	}
	/* A removal that was killed may have left some of these names, perhaps above this very directory. */
	do {
		snprintf(up, sizeof(up), "..deep-%u", ++removal->moved);
		if (renameat(directory_fd, name, removal->top_fd, up) == 0)
			return;
	} while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
	removal_failed(removal, errno, name);
}

static void removal_content(struct removal *removal, int directory_fd, int depth)
{
	cleanup_names struct tree_names names = { 0 };

	if (tree_names_read(directory_fd, false, &names) < 0)
		removal_failed(removal, errno, ".");
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.names[i];

		if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			removal_failed(removal, errno, name);
		else if (depth >= OPEN_MAX_DEPTH)
			removal_move_up(removal, directory_fd, name);
		else
			removal_directory(removal, directory_fd, name, depth + 1);
	}
}

static void removal_directory(struct removal *removal, int parent_fd, const char *name, int depth)
{
	cleanup_fd int fd = -1;
	struct tree_entry entry;
	int refused = removal_refuses(parent_fd, name, &entry);

	if (!refused) {
		fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
		refused = fd < 0 ? errno : 0;
	}
	if (refused) {
		removal_failed(removal, refused, name);
		return;
	}
	if ((entry.mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		removal_failed(removal, errno, name);
	if (!depth)
		removal->top_fd = fd;
	removal_content(removal, fd, depth);
	for (unsigned done = 0; !depth && done < removal->moved; done++) {
		char up[32];

		snprintf(up, sizeof(up), "..deep-%u", done + 1);
		removal_directory(removal, fd, up, 1);
	}
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
		removal_failed(removal, errno, name);
}

int tree_remove_at(int directory_fd, const char *name, struct atomicdir_error *error)
{
	struct removal removal = { .top_fd = -1 };

	if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_system(error, errno, name, "cannot remove");
	removal_directory(&removal, directory_fd, name, 0);
	if (!removal.first_errnum)
		return 0;
	if (strcmp(removal.first_name, name) == 0)
		return error_system(error, removal.first_errnum, name, "cannot remove");
	return error_system(error, removal.first_errnum, removal.first_name, "cannot remove all of '%s': cannot remove", name);
}
