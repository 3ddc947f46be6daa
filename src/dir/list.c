/* SPDX-License-Identifier: ISC
 *
 * Telling what there is: the live generation, all of them, and their notes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "dir/generation.h"
#include "dir/history.h"
#include "dir/layout.h"
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

char *atomicdir_store(const char *link, struct atomicdir_error *error)
{
	cleanup_place struct place place = PLACE_INIT;
	struct atomicdir_error own;
	char *path;

	error = error_or(error, &own);
	if (place_open(&place, link, ATOMICDIR_LAYOUT_AUTO, PLACE_TO_READ, error) < 0)
		return NULL;
	if (asprintf(&path, "%s/%s", strcmp(place.parent_path, "/") == 0 ? "" : place.parent_path, place.name.store) >= 0)
		return path;
	error_system(error, errno, link, "cannot name the store of");
	return NULL;
}

/* Decides why each generation is kept, by the `keep` and `grace` of the last fill. */
static int list_judge(const struct reader *reader, const struct found_list *found, struct history *history)
{
	const struct layout *layout = reader->place.layout;
	cleanup_info struct info info = INFO_INIT;
	int64_t live = reader->live.number;
	char boot[sizeof(info.boot)];

	clock_read_boot(boot, sizeof(boot));
	if ((live && info_read(reader->place.store_fd, live, true, &info) < 0) ||
	    info_complete(reader->place.store_fd, &info) < 0 ||
	    history_read(history, &reader->place, found, live, &info, boot) < 0)
		return -1;
	history->rules.keep = info.keep >= 0 ? info.keep : layout->keep;
	history->rules.grace_ms = info.grace_ms >= 0 ? info.grace_ms : layout->grace_ms;
	retention_decide(&history->rules, history->list, history->count);
	return 0;
}

static int list_add(const struct reader *reader, const struct retained *one, struct generation_list *list)
{
	struct atomicdir_generation *added;

	if (generation_list_add(list, &reader->place, one->number, reader->live.number) < 0)
		return -1;
	added = &list->items[list->count - 1];
	added->kept = one->kept;
	if (added->kept == ATOMICDIR_KEPT_NO_MORE)
		added->kept = generation_look_for_use(&reader->place, one->number);
	if (one->age_ms >= 0)
		added->replaced_ms = clock_wall_ms() - one->age_ms;
	return 0;
}

/* Warns of a generation that could not be removed completely, since no list shows it. The newest number may be a stage. */
static void list_warn_of_leftovers(const struct reader *reader, const struct found_list *found, struct atomicdir_error *warning)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct found *one = &found->list[i];
		bool is_unpublished =
			one->parts & FOUND(PART_DIRECTORY) && !(one->parts & (FOUND(PART_INFO) | FOUND(PART_INFO_NEW)));

		if (one->parts & FOUND(PART_TRASH) || (is_unpublished && i && one->number != reader->live.number))
			error_warn(warning, 0, NULL,
				   "generation %" PRId64
				   " of '%s' is being removed, or could not be removed completely; see what is left in '%s'",
				   one->number, reader->place.name.link, reader->place.name.store_path);
	}
}

static int list_gather(const struct reader *reader, struct generation_list *list, struct atomicdir_error *error)
{
	cleanup_found struct found_list found = { 0 };
	cleanup_history struct history history = HISTORY_INIT;

	if (reader->place.store_fd < 0)
		return 0;
	if (found_read(&reader->place, &found, error) < 0)
		return -1;
	if (list_judge(reader, &found, &history) < 0)
		return error_system(error, errno, reader->place.name.link, "cannot read the history of the generations of");
	for (size_t i = 0; i < history.count; i++)
		if (list_add(reader, &history.list[i], list) < 0)
			return error_system(error, errno, reader->place.name.link, "cannot list the generations of");
	list_warn_of_leftovers(reader, &found, error);
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
