/* SPDX-License-Identifier: ISC */
#include "dir/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/lend.h"
#include "base/path.h"
#include "dir/layout.h"
#include "dir/volume_names.h"

/* ---- What is no LINK, but a part of one ---- */

static bool path_exists(const char *directory, const char *name)
{
	cleanup_free char *path = NULL;

	return asprintf(&path, "%s%s", directory, name) >= 0 && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *name_after_slash(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What LINK is in another LINK's store, which an adoption would tear apart; NULL: nothing. Only names of these forms are looked at. */
static const char *place_find_part(const struct name *name)
{
	const char *base = name_after_slash(name->link), *rest = "";
	size_t size = strlen(base), suffix = strlen(NAME_STORE_SUFFIX);

	if (size > suffix && strcmp(base + size - suffix, NAME_STORE_SUFFIX) == 0 && path_exists(name->link, "/lock"))
		return "it is a store";
	if (name_parse_number(base, &rest) && !*rest &&
	    (path_exists(name->link, ".info") || path_exists(name->link, ".info.new")))
		return "it is a generation in a store";
	if (strcmp(base, VOLUME_DATA) == 0 && path_exists(name->parent, "/" VOLUME_STORE "/lock"))
		return "it is a part of the volume that it is in";
	return NULL;
}

static int place_refuse_part(const struct name *name, struct atomicdir_error *error)
{
	const char *part = place_find_part(name);

	return part ? error_object(error, ATOMICDIR_USAGE, name->link, "cannot be used as LINK: %s", part) : 0;
}

/* Whether `path`, which is absolute, is a published generation of another LINK, or below one. What is being filled may hold a LINK. */
static bool path_is_in_generation(const char *path)
{
	for (const char *store = strstr(path, NAME_STORE_SUFFIX "/"); store; store = strstr(store + 1, NAME_STORE_SUFFIX "/")) {
		const char *number = store + strlen(NAME_STORE_SUFFIX "/");
		size_t digits = strspn(number, "0123456789");
		cleanup_free char *generation = NULL;

		if (digits < 6 || (number[digits] && number[digits] != '/'))
			continue;
		generation = strndup(path, (size_t)(number - path) + digits);
		if (generation && (path_exists(generation, ".info") || path_exists(generation, ".info.new")))
			return true;
	}
	return false;
}

static int place_refuse_generation(const struct place *place, enum place_use use, struct atomicdir_error *error)
{
	if (use == PLACE_TO_READ || !path_is_in_generation(place->parent_path))
		return 0;
	return error_object(error, ATOMICDIR_USAGE, place->name.link,
			    "cannot be used as LINK: it would be in a published generation of another LINK");
}

/* ---- Opening ---- */

int place_open(struct place *place, const char *link, int layout, enum place_use use, struct atomicdir_error *error)
{
	*place = PLACE_INIT;
	if (name_init(&place->name, link, error) < 0 || place_refuse_part(&place->name, error) < 0)
		return -1;
	place->parent_fd = open(place->name.parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->parent_fd < 0)
		return error_system(error, errno, place->name.parent, "cannot open the directory");
	place->layout = layout_find(place, layout, error);
	if (!place->layout || place->layout->locate(place, use, error) < 0)
		return -1;
	place->parent_path = path_absolute(place->name.parent);
	if (!place->parent_path)
		return error_system(error, errno, place->name.parent, "cannot find the absolute path of the directory");
	return place_refuse_generation(place, use, error);
}

int place_open_to_write(struct place *place, struct atomicdir_error *error)
{
	int fd = openat(place->parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_system(error, errno, place->name.parent, "cannot open the directory");
	close_fd(&place->parent_fd);
	place->parent_fd = fd;
	return 0;
}

void place_close(struct place *place)
{
	close_fd(&place->store_fd);
	close_fd(&place->parent_fd);
	close_fd(&place->outer_fd);
	free_pointer(&place->parent_path);
}

void place_unmake(const struct place *place)
{
	if (*place->made)
		unlinkat(place->outer_fd, place->made, AT_REMOVEDIR);
}

int place_find_store(struct place *place, struct atomicdir_error *error)
{
	place->store_fd = openat(place->parent_fd, place->name.store, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (place->store_fd < 0 && errno != ENOENT)
		return error_system(error, errno, place->name.store_path, "cannot open the store");
	return 0;
}

int place_open_generation(const struct place *place, int64_t number)
{
	char name[NAME_NUMBER_SIZE];

	name_number(name, number, "");
	return open_lending_at(place->store_fd, name, O_RDONLY | O_DIRECTORY);
}

int place_check_generation(const struct place *place, int64_t number, int fd, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE];
	struct stat named = { 0 }, open;

	name_number(name, number, "");
	if (fstat(fd, &open) < 0 || (fstatat(place->store_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT))
		return error_system(error, errno, place->name.link, "cannot examine generation %" PRId64 " of", number);
	if (named.st_dev == open.st_dev && named.st_ino == open.st_ino)
		return 0;
	return error_object(error, ATOMICDIR_FAILED, place->name.link,
			    "has lost generation %" PRId64 ": its directory was removed, moved or replaced meanwhile", number);
}

char *place_generation_path(const struct place *place, int64_t number)
{
	const char *parent = strcmp(place->parent_path, "/") == 0 ? "" : place->parent_path;
	char entry[NAME_NUMBER_SIZE];
	char *path;

	name_number(entry, number, "");
	return asprintf(&path, "%s/%s/%s", parent, place->name.store, entry) < 0 ? NULL : path;
}
