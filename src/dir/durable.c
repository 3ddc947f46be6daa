/* SPDX-License-Identifier: ISC */
#include "dir/durable.h"

#include <errno.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "dir/content.h"
#include "dir/part.h"

static int durable_part(const struct place *place, int64_t number, enum part part, struct atomicdir_error *error)
{
	cleanup_fd int fd = part_open(place->store_fd, number, part);
	char name[NAME_NUMBER_SIZE];

	part_name(name, number, part);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_system(error, errno, name, "cannot make durable: cannot open");
	return sync_fd(fd, name, error);
}

static int durable_files(const struct writer *writer, int fd, int64_t number, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;

	if (sync_tree(fd, error) < 0 || durable_part(place, number, PART_INFO_NEW, error) < 0 ||
	    durable_part(place, number, PART_HOOK, error) < 0 || durable_part(place, number, PART_NOTE, error) < 0 ||
	    durable_part(place, number, PART_CARRIED, error) < 0 || durable_part(place, number, PART_FILES, error) < 0 ||
	    sync_fd(writer->store.lock_fd, place->name.store_path, error) < 0)
		return -1;
	if (!is_broken("store-not-synced") && sync_fd(place->store_fd, place->name.store_path, error) < 0)
		return -1;
	/* The store's own name may not be on disk until a generation in it is, whoever made the store. */
	if (writer->live.number && writer->last_swap == OUTCOME_PUBLISHED)
		return 0;
	return sync_fd(place->parent_fd, place->name.parent, error);
}

int durable_before_swap(const struct writer *writer, int fd, int64_t number, struct atomicdir_error *error)
{
	switch (writer->way) {
	case SYNC_WAY_NONE:
	case SYNC_WAY_VOLATILE:
		return 0;
	case SYNC_WAY_FS:
		return sync_filesystem(fd, error);
	default:
		return durable_files(writer, fd, number, error);
	}
}

int durable_decision(const struct writer *writer, const struct swap *swap, struct atomicdir_error *error)
{
	if (!swap->decide || !sync_way_has_disk(writer->way) || is_broken("decision-not-synced"))
		return 0;
	return swap->decide(&writer->place, error);
}

int durable_after_swap(const struct writer *writer, const struct swap *swap, struct atomicdir_error *error)
{
	if (!sync_way_has_disk(writer->way) || is_broken("parent-not-synced"))
		return 0;
	return swap->make_durable(&writer->place, writer->live.number, writer->way, error);
}

/* The files that were moved to LINK's directory, where syncs go file by file: sync_tree() does not come there. */
static int durable_placed(const struct writer *writer, struct atomicdir_error *error)
{
	cleanup_content struct content content = CONTENT_INIT;

	if (!writer->place.layout->moves_entries || writer->way != SYNC_WAY_FILES)
		return 0;
	if (content_open(&content, &writer->place, writer->live.number, error) < 0)
		return -1;
	return sync_placed(content.fd, content.only, true, error);
}

int durable_again(const struct writer *writer, struct atomicdir_error *error)
{
	if (durable_placed(writer, error) < 0)
		return -1;
	if (durable_before_swap(writer, writer->live.fd, writer->live.number, error) < 0)
		return -1;
	return durable_after_swap(writer, &writer->place.layout->swap, error);
}
