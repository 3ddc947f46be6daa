/* SPDX-License-Identifier: ISC */
#include "dir/dismantle.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/generation.h"
#include "dir/part.h"
#include "dir/prune.h"
#include "dir/remove.h"
#include "dir/tree.h"

#define PINNED_TRIES 100 /* a reader that has just opened the generation notices that LINK is gone, and closes it */

int dismantle_check_pins(const struct writer *writer, int64_t except, struct atomicdir_error *error)
{
	cleanup_found struct found_list found = { 0 };

	if (found_read(&writer->place, &found, error) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++)
		if (found.list[i].number != except && found.list[i].parts & FOUND(PART_DIRECTORY) &&
		    generation_look_for_use(&writer->place, found.list[i].number) == ATOMICDIR_KEPT_PINNED)
			return error_object(error, ATOMICDIR_BUSY, writer->place.name.link,
					    "has generation %" PRId64 " pinned by a reader; wait for it to end",
					    found.list[i].number);
	return 0;
}

/* A crash here leaves a generation without `.info`, or its files without a directory: the next call removes both. */
static void dismantle_generation(struct writer *writer, const struct found *found)
{
	static const struct timespec pause = { 0, 5000000 };
	struct atomicdir_error why;
	int removed = 0;

	if (!(found->parts & FOUND(PART_DIRECTORY))) {
		generation_remove_files(&writer->place, found->number, found->parts);
		return;
	}
	for (int tries = 0; tries < PINNED_TRIES && !removed; tries++) {
		error_clear(&why);
		removed = generation_remove(&writer->place, found->number, &why);
		if (!removed)
			nanosleep(&pause, NULL);
	}
	if (removed <= 0)
		error_warn(&writer->warning, 0, NULL, "%s", why.text);
}

static void dismantle_files(struct writer *writer)
{
	static const char *const files[] = { NAME_NEXT, "status", "status.new", NAME_REFUSED };
	const struct place *place = &writer->place;
	struct atomicdir_error why;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (unlinkat(place->store_fd, files[i], 0) < 0 && errno != ENOENT)
			error_warn(&writer->warning, errno, files[i], "cannot remove");
	/* The detour of a detach (detach.c). */
	error_clear(&why);
	if (tree_remove_at(place->store_fd, place->name.store, &why) < 0)
		error_warn(&writer->warning, 0, NULL, "%s", why.text);
}

/* Warns of what keeps the store from being removed, unless there is a warning already. */
static void dismantle_report(struct writer *writer, int errnum)
{
	cleanup_names struct tree_names names = { 0 };
	const struct place *place = &writer->place;
	size_t foreign;

	if (*writer->warning.text)
		return;
	if (errnum == ENOTEMPTY)
		tree_names_read(place->store_fd, false, &names);
	foreign = names.count && strcmp(names.names[0], "lock") == 0;
	if (foreign < names.count)
		error_warn(&writer->warning, 0, place->name.store_path,
			   "'%.200s' was not made by a publication, so it stays, with the store", names.names[foreign]);
	else
		error_warn(&writer->warning, errnum, place->name.store_path, "cannot remove the store");
}

void dismantle(struct writer *writer)
{
	cleanup_found struct found_list found = { 0 };
	const struct place *place = &writer->place;
	struct atomicdir_error why;

	error_clear(&why);
	if (found_read(place, &found, &why) < 0) {
		error_warn(&writer->warning, 0, NULL, "%s", why.text);
		return;
	}
	for (size_t i = 0; i < found.count; i++)
		dismantle_generation(writer, &found.list[i]);
	dismantle_files(writer);
	if (store_remove(&writer->store, place) < 0)
		dismantle_report(writer, errno);
}
