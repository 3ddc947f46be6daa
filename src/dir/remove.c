/* SPDX-License-Identifier: ISC */
#include "dir/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/tree.h"

#define OPEN_MAX_DEPTH 64     /* deeper directories are moved up to the top first, so that descriptors stay few */

struct removal {
	int top_fd;
	unsigned moved;          /* directories that were moved up, and are still to be removed */
	int first_errno;
};

static void failed(struct removal *removal)
{
	if (!removal->first_errno)
		removal->first_errno = errno;
}

static void remove_directory(struct removal *removal, int parent_fd, const char *name, int depth);

static void move_up(struct removal *removal, int directory_fd, const char *name)
{
	char up[32];

	snprintf(up, sizeof(up), "..deep-%u", removal->moved + 1);
	/* Its ".." changes, which needs the right to write in it. */
	if (fchmodat(directory_fd, name, 0700, 0) < 0 ||
	    renameat2(directory_fd, name, removal->top_fd, up, RENAME_NOREPLACE) < 0)
		failed(removal);
	else
		removal->moved++;
}

static void remove_content(struct removal *removal, int directory_fd, int depth)
{
	cleanup_names struct tree_names names = { 0 };

	if (unlinkat(directory_fd, TREE_WAKE_NAME, 0) < 0 && errno != ENOENT)
		failed(removal);
	if (tree_names_read(directory_fd, &names) < 0)
		failed(removal);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.names[i];

		if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			failed(removal);
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
	struct stat parent;

	if (tree_look(parent_fd, name, &entry) < 0 || fstat(parent_fd, &parent) < 0)
		return failed(removal);
	if (entry.is_mount || entry.device != parent.st_dev || !S_ISDIR(entry.mode)) {
		errno = S_ISDIR(entry.mode) ? EBUSY : EPERM;
		return failed(removal);
	}
	fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return failed(removal);
	if ((entry.mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		failed(removal);
	if (!depth)
		removal->top_fd = fd;
	remove_content(removal, fd, depth);
	for (unsigned done = 0; !depth && done < removal->moved; done++) {
		char up[32];

		snprintf(up, sizeof(up), "..deep-%u", done + 1);
		remove_directory(removal, fd, up, 1);
	}
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		failed(removal);
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
	return error_errno(error, name, "cannot remove all of it");
}
