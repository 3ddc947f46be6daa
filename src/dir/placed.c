/* SPDX-License-Identifier: ISC */
#include "dir/placed.h"

#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/info.h"
#include "dir/part.h"
#include "dir/tree.h"

/* An unfinished generation. */
struct unfinished {
	int link_fd; /* LINK's directory */
	int top_fd;  /* its own; -1: not open */
};

static int placed_look(int top_fd, const char *path, struct tree_entry *facts)
{
	const char *name;
	cleanup_fd int fd = top_fd < 0 ? -1 : tree_open_parent(top_fd, path, &name);

	return fd < 0 ? -1 : tree_look(fd, name, facts);
}

/* Whether it no longer lies in its generation's own directory. What lies there with another type came from LINK's directory, in exchange
 * for it; and after a power cut one file may have both names. */
static bool placed_has_left(void *arg, const struct manifest_entry *entry)
{
	const struct unfinished *unfinished = arg;
	struct tree_entry own, link;

	if (placed_look(unfinished->top_fd, entry->path, &own) < 0 || (own.mode & S_IFMT) != (entry->mode & S_IFMT))
		return true;
	return placed_look(unfinished->link_fd, entry->path, &link) == 0 && own.device == link.device &&
	       own.inode == link.inode;
}

/* Adds what is placed of generation `number`. 1: it is not finished, so the one before it counts, too; 0; -1 with errno. */
static int placed_add(const struct place *place, int64_t number, struct manifest *placed)
{
	bool is_unfinished = part_may_exist(place->store_fd, number, PART_INFO_NEW);
	cleanup_fd int top_fd = is_unfinished ? place_open_generation(place, number) : -1;
	struct unfinished unfinished = { place->parent_fd, top_fd };
	cleanup_manifest struct manifest own = { 0 };

	if (manifest_read(place, number, &own) < 0 ||
	    manifest_merge(placed, &own, is_unfinished ? placed_has_left : NULL, &unfinished) < 0)
		return -1;
	return is_unfinished;
}

/* The number of the one that was live before it. No generation is published twice, so it is a smaller one. -1 with errno. */
static int64_t placed_find_before(const struct place *place, int64_t number)
{
	cleanup_info struct info info = INFO_INIT;

	if (info_read(place->store_fd, number, true, &info) < 0)
		return -1;
	return info.before < number ? info.before : 0;
}

static int placed_fail(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE];

	part_name(name, number, PART_FILES);
	error_system(error, errno, place->name.link, "cannot read the manifest of generation %" PRId64 " of", number);
	if (error->errnum == EBADMSG)
		error_append(error, "if '%s/%s' is removed, the files that are there count as made by others",
			     place->name.store_path, name);
	return -1;
}

int placed_read(const struct place *place, int64_t number, struct manifest *placed, struct atomicdir_error *error)
{
	*placed = (struct manifest){ 0 };
	while (number > 0) {
		int is_unfinished = placed_add(place, number, placed);
		int64_t before = is_unfinished > 0 ? placed_find_before(place, number) : 0;

		if (is_unfinished < 0 || before < 0) {
			placed_fail(place, number, error);
			manifest_clear(placed);
			return -1;
		}
		number = before;
	}
	return 0;
}

int placed_read_before(const struct place *place, int64_t number, struct manifest *placed, struct atomicdir_error *error)
{
	int64_t before = placed_find_before(place, number);

	*placed = (struct manifest){ 0 };
	return before < 0 ? placed_fail(place, number, error) : placed_read(place, before, placed, error);
}
