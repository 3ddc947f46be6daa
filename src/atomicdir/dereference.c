/* SPDX-License-Identifier: ISC */
#include "atomicdir/dereference.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"

/* The directories that we are in: a link back to one of them would be followed for ever. */
struct above { const struct above *next; dev_t device; ino_t inode; };

static int copy_one(struct atomicdir_stage *stage, const char *path, const char *from, const struct above *above,
		    struct atomicdir_error *error);

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int copy_directory(struct atomicdir_stage *stage, const char *path, const char *from, const struct above *above,
			  struct atomicdir_error *error)
{
	cleanup(close_directory) DIR *directory = opendir(from);
	const struct dirent *entry;

	if (!directory)
		return error_errno(error, from, "cannot open the directory to copy");
	while ((entry = readdir(directory))) {
		cleanup_free char *below = NULL, *source = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (asprintf(&below, "%s%s%s", path, *path ? "/" : "", entry->d_name) < 0 ||
		    asprintf(&source, "%s/%s", from, entry->d_name) < 0)
			return error_errno(error, from, "cannot copy");
		if (copy_one(stage, below, source, above, error) < 0)
			return -1;
	}
	return 0;
}

static int copy_one(struct atomicdir_stage *stage, const char *path, const char *from, const struct above *above,
		    struct atomicdir_error *error)
{
	cleanup_free char *real = NULL;
	struct stat status;
	struct above here;

	if (stat(from, &status) < 0)
		return error_errno(error, from, "cannot follow it to copy");
	if (!S_ISDIR(status.st_mode)) {
		real = realpath(from, NULL);
		return real ? atomicdir_copy(stage, path, real, error) : error_errno(error, from, "cannot follow it to copy");
	}
	for (const struct above *one = above; one; one = one->next)
		if (one->device == status.st_dev && one->inode == status.st_ino)
			return error_set(error, ATOMICDIR_FAILED, from, "this symlink leads back to a directory that it is in");
	here = (struct above){ above, status.st_dev, status.st_ino };
	if (*path && atomicdir_mkdir(stage, path, status.st_mode & 07777, error) < 0)
		return -1;
	return copy_directory(stage, path, from, &here, error);
}

int copy_following(struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error)
{
	return copy_one(stage, "", from, NULL, error);
}
