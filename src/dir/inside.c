/* SPDX-License-Identifier: ISC */
#include "dir/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/sync.h"

int inside_has(const struct place *place, const char *name, mode_t type)
{
	cleanup_fd int fd = openat(place->parent_fd, place->name.base, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd >= 0 && fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return (status.st_mode & S_IFMT) == type;
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
}

/* A directory that somebody else makes at the same moment is as good. */
static int inside_make(struct place *place)
{
	cleanup_fd int fd = create_directory_at(place->parent_fd, place->name.base, 0755);

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	snprintf(place->made, sizeof(place->made), "%s", place->name.base);
	return 0;
}

/* LINK has another layout, or it is something else that is no directory. */
static int inside_refuse(const struct place *place, const char *what, struct atomicdir_error *error)
{
	char text[NAME_PARENT_SIZE];
	ssize_t size = readlinkat(place->parent_fd, place->name.base, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = '\0';
	if (strstr(text, NAME_STORE_SUFFIX "/"))
		error_object(error, ATOMICDIR_FAILED, place->name.link,
			     "has the layout link; leave the layout out, or detach or remove it first");
	else
		error_object(error, ATOMICDIR_FAILED, place->name.link, "is not a directory, so it cannot become a %s", what);
	error->errnum = EEXIST;
	return -1;
}

static int inside_open(struct place *place, enum place_use use, const char *what, struct atomicdir_error *error)
{
	int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | (use == PLACE_TO_READ ? O_PATH : O_RDONLY);
	int fd = openat(place->parent_fd, place->name.base, flags);

	if (fd < 0 && errno == ENOENT && use != PLACE_TO_READ) {
		if (inside_make(place) < 0)
			return error_system(error, errno, place->name.link, "cannot make the directory");
		fd = openat(place->parent_fd, place->name.base, flags);
	}
	if (fd >= 0) {
		place->outer_fd = take_fd(&place->parent_fd);
		place->parent_fd = fd;
		return 0;
	}
	if (errno != ENOTDIR && errno != ELOOP)
		return error_system(error, errno, place->name.link, "cannot open the %s", what);
	return inside_refuse(place, what, error);
}

int inside_locate(struct place *place, enum place_use use, const char *swapped, const char *what, struct atomicdir_error *error)
{
	if (use == PLACE_TO_MAKE_VISIBLE)
		return error_object(error, ATOMICDIR_USAGE, place->name.link,
				    "is a %s, whose store is always named '" INSIDE_STORE "'", what);
	if (inside_open(place, use, what, error) < 0)
		return -1;
	return name_enter(&place->name, swapped, INSIDE_STORE, error);
}

bool inside_reserves(const char *name)
{
	return strncmp(name, "..", 2) == 0;
}

/* Who may not read the directory that it is in has not made it. */
int inside_sync_outer(const struct place *place, struct atomicdir_error *error)
{
	cleanup_fd int fd = openat(place->outer_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return 0;
	if (fd < 0)
		return error_system(error, errno, place->name.link, "cannot open the directory of");
	return sync_fd(fd, place->name.link, error);
}
