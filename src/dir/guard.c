/* SPDX-License-Identifier: ISC */
#include "dir/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/lend.h"
#include "dir/tree.h"

#define ACCESS_ACL "system.posix_acl_access"
#define DEFAULT_ACL "system.posix_acl_default"

static int guard_refuse(const struct place *place, mode_t mode, struct atomicdir_error *error)
{
	return error_object(error, ATOMICDIR_FAILED, place->name.store_path,
			    "may be written by others (mode %04o), so its content cannot be trusted; look through it, "
			    "then chmod it to 0711",
			    mode & 07777);
}

int guard_check(const struct place *place, const struct stat *store, struct atomicdir_error *error)
{
	const char *name = place->name.store_path;
	struct stat parent;

	if (geteuid() != 0 && store->st_uid != geteuid())
		return error_object(error, ATOMICDIR_FAILED, name,
				    "belongs to user %u, but this process runs as user %u; run it as that user (sudo -u '#%u')",
				    store->st_uid, geteuid(), store->st_uid);
	if (store->st_mode & S_IWOTH)
		return guard_refuse(place, store->st_mode, error);
	if (fstat(place->parent_fd, &parent) < 0)
		return error_system(error, errno, place->name.parent, "cannot examine the directory");
	if (store->st_dev != parent.st_dev)
		return error_object(error, ATOMICDIR_FAILED, name, "is on another file system than '%s'", place->name.link);
	return 0;
}

/* Whether the group may write in the parent too. It can then replace LINK itself, so that a right to write in the store gives
 * it nothing more. This does not hold where the parent is sticky: there only LINK's owner can replace it. */
static bool guard_group_has_parent(const struct place *place, const struct stat *store)
{
	struct stat parent;

	return fstat(place->parent_fd, &parent) == 0 && parent.st_gid == store->st_gid && parent.st_mode & S_IWGRP &&
	       !(parent.st_mode & S_ISVTX) && fgetxattr(place->store_fd, ACCESS_ACL, NULL, 0) < 0;
}

/* The group could write in the store: refuses if anything in it belongs to another user, and gives the files beside the
 * generations their mode back. The mode is set through the descriptor, and never on a file that has other hard links. */
static int guard_repair_entries(const struct place *place, const struct stat *store, struct atomicdir_error *error)
{
	cleanup_names struct tree_names names = { 0 };

	if (tree_names_read(place->store_fd, false, &names) < 0)
		return error_system(error, errno, place->name.store_path, "cannot read the store");
	for (size_t i = 0; i < names.count; i++) {
		cleanup_fd int fd = openat(place->store_fd, names.names[i], O_PATH | O_CLOEXEC | O_NOFOLLOW);
		struct stat entry;

		if (fd < 0 || fstat(fd, &entry) < 0)
			return error_system(error, errno, names.names[i], "cannot examine the store's file");
		if (entry.st_uid != store->st_uid)
			return error_object(
				error, ATOMICDIR_FAILED, place->name.store_path,
				"may be written by its group (mode %04o), and '%.200s' in it belongs to user %u, so "
				"its content cannot be trusted; look through it, then chmod it to 0711",
				store->st_mode & 07777, names.names[i], entry.st_uid);
		if (S_ISREG(entry.st_mode) && entry.st_nlink == 1 && entry.st_mode & 066 && change_mode_of(fd, 0600) < 0)
			return error_system(error, errno, names.names[i], "cannot set the mode of the store's file");
	}
	return 0;
}

/* Removes an ACL, if the store has one and the file system supports them. New files in the store would inherit a default
 * ACL. */
static int guard_remove_acl(const struct place *place, const char *name)
{
	return fgetxattr(place->store_fd, name, NULL, 0) < 0 ? 0 : fremovexattr(place->store_fd, name);
}

int guard_repair(const struct place *place, struct atomicdir_error *warning, struct atomicdir_error *error)
{
	struct stat status;
	mode_t mode;

	if (fstat(place->store_fd, &status) < 0)
		return error_system(error, errno, place->name.store_path, "cannot examine the store");
	if (guard_remove_acl(place, DEFAULT_ACL) < 0)
		return error_system(error, errno, place->name.store_path, "cannot remove the default ACL of the store");
	mode = STORE_MODE | (status.st_mode & S_ISGID);
	if ((status.st_mode & 07777) == mode)
		return 0;
	if (status.st_mode & S_IWGRP && !guard_group_has_parent(place, &status))
		return guard_refuse(place, status.st_mode, error);
	if (status.st_mode & S_IWGRP && guard_repair_entries(place, &status, error) < 0)
		return -1;
	if (guard_remove_acl(place, ACCESS_ACL) < 0 || fchmod(place->store_fd, mode) < 0)
		return error_system(error, errno, place->name.store_path, "cannot set the mode of the store");
	if (status.st_mode & S_IWGRP)
		error_warn(warning, 0, place->name.store_path,
			   "removed the write permission of group %u (the mode was %04o) from the store", status.st_gid,
			   status.st_mode & 07777);
	return 0;
}
