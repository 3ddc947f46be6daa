/* SPDX-License-Identifier: ISC */
#include "atomicdir/dereference.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attributes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"

/* The directories above the one that is copied: a symlink back to one of them would be followed for ever. The outermost stands for
 * the store of LINK, whose copy would hold itself. */
struct above {
	const struct above *next;
	dev_t device;
	ino_t inode;
};

static int dereference_entry(struct atomicdir_stage *stage, const char *path, const char *from, const struct above *above,
			     struct atomicdir_error *error);

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int dereference_content(struct atomicdir_stage *stage, const char *path, const char *from, const struct above *above,
			       struct atomicdir_error *error)
{
	cleanup(close_directory) DIR *directory = opendir(from);
	const struct dirent *entry;

	if (!directory)
		return error_system(error, errno, from, "cannot open the directory to copy");
	while (errno = 0, (entry = readdir(directory))) {
		cleanup_free char *below = NULL, *source = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (asprintf(&below, "%s%s%s", path, *path ? "/" : "", entry->d_name) < 0 ||
		    asprintf(&source, "%s/%s", from, entry->d_name) < 0)
			return error_system(error, errno, from, "cannot copy");
		if (dereference_entry(stage, below, source, above, error) < 0)
			return -1;
	}
	return errno ? error_system(error, errno, from, "cannot read the directory to copy") : 0;
}

/* ACLs and user attributes. The mode stays, since the stage lets nobody in before it is sealed. */
static int dereference_attributes(int fd, const char *from, struct atomicdir_error *error)
{
	cleanup_fd int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_attributes struct attributes attributes = { 0 };
	const char *failed = NULL;
	struct stat status;
	size_t lost = 0;

	if (from_fd < 0 || attributes_read(from_fd, &attributes) < 0 || fstat(fd, &status) < 0)
		return error_system(error, errno, from, "cannot examine the directory");
	if (!attributes.count)
		return 0;
	if (attributes_write(fd, &attributes, &lost, &failed) < 0 || fchmod(fd, status.st_mode & 07777) < 0)
		return error_system(error, errno, from, "cannot keep the ACL of");
	return 0;
}

/* What a copy without --dereference keeps of a directory, where that is allowed. The mode came with mkdir. */
static int dereference_keep_facts(const struct atomicdir_stage *stage, const char *path, const char *from,
				  const struct stat *status, struct atomicdir_error *error)
{
	struct timespec times[2] = { status->st_atim, status->st_mtim };
	cleanup_fd int fd = openat(atomicdir_fd(stage), *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return error_system(error, errno, from, "cannot open the copy of");
	if (*path && fchown(fd, status->st_uid, status->st_gid) < 0)
		errno = 0;
	if (dereference_attributes(fd, from, error) < 0)
		return -1;
	futimens(fd, times);
	return 0;
}

static int dereference_refuse(const char *from, const struct above *found, struct atomicdir_error *error)
{
	if (found->next)
		return error_set(error, ATOMICDIR_FAILED, NULL, "cannot copy '%s': it leads back to a directory that it is in",
				 from);
	return error_set(error, ATOMICDIR_USAGE, NULL, "cannot copy '%s': it holds LINK's own store", from);
}

static int dereference_directory(struct atomicdir_stage *stage, const char *path, const char *from, const struct stat *status,
				 const struct above *above, struct atomicdir_error *error)
{
	struct above here = { above, status->st_dev, status->st_ino };

	for (const struct above *one = above; one; one = one->next)
		if (one->device == here.device && one->inode == here.inode)
			return dereference_refuse(from, one, error);
	if (*path && atomicdir_mkdir(stage, path, status->st_mode & 07777, error) < 0)
		return -1;
	if (dereference_content(stage, path, from, &here, error) < 0)
		return -1;
	return dereference_keep_facts(stage, path, from, status, error);
}

static int dereference_entry(struct atomicdir_stage *stage, const char *path, const char *from, const struct above *above,
			     struct atomicdir_error *error)
{
	cleanup_free char *real = NULL;
	struct stat status;

	if (stat(from, &status) < 0)
		return error_system(error, errno, from, "cannot resolve for copying");
	if (S_ISDIR(status.st_mode))
		return dereference_directory(stage, path, from, &status, above, error);
	if (!*path) {
		errno = ENOTDIR;
		return error_system(error, errno, from, "cannot copy");
	}
	real = path_absolute(from);
	return real ? atomicdir_copy(stage, path, real, error) : error_system(error, errno, from, "cannot resolve for copying");
}

/* Where `from` is a LINK, or a path through one, its generation is pinned, and the path to what is copied leads through no LINK. */
static int dereference_pin(const char *from, char **real, struct atomicdir_error *error)
{
	cleanup_free char *link = strdup(from);
	int pin_fd = -1;

	for (char *end = link ? link + strlen(link) : NULL; link && pin_fd < 0 && end > link; end = strrchr(link, '/')) {
		*end = '\0';
		pin_fd = atomicdir_pin(link, NULL, NULL);
		if (!strchr(link, '/'))
			break;
	}
	*real = path_absolute(from);
	if (*real)
		return pin_fd;
	error_system(error, errno, from, "cannot resolve for copying");
	close_fd(&pin_fd);
	return -1;
}

int dereference_copy(struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error)
{
	cleanup_free char *real = NULL;
	cleanup_fd int pin_fd = dereference_pin(from, &real, error);
	struct stat status;
	struct above store;

	(void)pin_fd;
	if (!real)
		return -1;
	if (fstatat(atomicdir_fd(stage), "..", &status, 0) < 0)
		return error_system(error, errno, from, "cannot copy");
	store = (struct above){ NULL, status.st_dev, status.st_ino };
	return dereference_entry(stage, "", real, &store, error);
}
