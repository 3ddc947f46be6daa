/* SPDX-License-Identifier: ISC
 *
 * Telling what there is: the live generation, all of them, and their notes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/generation.h"
#include "dir/note.h"
#include "dir/part.h"
#include "dir/reader.h"

int atomicdir_show(const char *link, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };
	cleanup_reader struct reader reader = READER_INIT;
	struct atomicdir_error own;

	error = error_or(error, &own);
	if (reader_open(&reader, link, error) < 0 || reader_require_live(&reader, error) < 0)
		return -1;
	if (generation_list_add(&list, &reader.place, reader.live.number, reader.live.number) < 0)
		return error_system(error, errno, link, "cannot describe the live generation of");
	return generation_list_pack(&list, live, error) < 0 ? -1 : 0;
}

static int list_gather(const struct reader *reader, struct generation_list *list, struct atomicdir_error *error)
{
	cleanup_found struct found_list found = { 0 };
	int64_t live = reader->live.number;

	if (reader->place.store_fd < 0)
		return 0;
	if (found_read(&reader->place, &found, error) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++) {
		const struct found *one = &found.list[i];

		if (!found_is_published(one) && !(one->number == live && one->parts & FOUND(PART_DIRECTORY)))
			continue;
		if (generation_list_add(list, &reader->place, one->number, live) < 0)
			return error_system(error, errno, reader->place.name.link, "cannot list the generations of");
	}
	return 0;
}

int atomicdir_list(const char *link, struct atomicdir_generation **list, struct atomicdir_error *error)
{
	cleanup_generations struct generation_list generations = { 0 };
	cleanup_reader struct reader reader = READER_INIT;
	struct atomicdir_error own;

	error = error_or(error, &own);
	if (reader_open(&reader, link, error) < 0 || list_gather(&reader, &generations, error) < 0)
		return -1;
	return generation_list_pack(&generations, list, error);
}

ssize_t atomicdir_read_note(const char *link, int64_t generation, void **data, struct atomicdir_error *error)
{
	cleanup_reader struct reader reader = READER_INIT;
	cleanup_buffer struct buffer note = { 0 };
	struct atomicdir_error own;
	int is_there;

	error = error_or(error, &own);
	if (reader_open(&reader, link, error) < 0 || (generation < 0 && reader_require_live(&reader, error) < 0))
		return -1;
	if (generation < 0)
		generation = reader.live.number;
	if (reader.place.store_fd < 0 || !part_may_exist(reader.place.store_fd, generation, PART_DIRECTORY))
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "has no generation %" PRId64, generation);
	is_there = note_read(&reader.place, generation, generation == reader.live.number, &note);
	if (is_there < 0)
		return error_system(error, errno, link, "cannot read the note of generation %" PRId64 " of", generation);
	if (data)
		*data = is_there ? take_pointer(&note.bytes) : NULL;
	return is_there ? (ssize_t)note.size : 0;
}
