/* SPDX-License-Identifier: ISC */
#include "secretdir/refused.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#define REFUSED_MAX (16 << 20) /* as a note */

static int refused_read(const char *link, struct round_note *refused, struct atomicdir_error *error)
{
	cleanup_free char *store = atomicdir_store(link, error);
	cleanup_buffer struct buffer content = { 0 };
	cleanup_free char *path = NULL;

	if (!store)
		return -1;
	if (asprintf(&path, "%s/refused", store) < 0)
		return error_errno(error, link, "cannot read what was rolled back from at");
	if (read_file_at(AT_FDCWD, path, REFUSED_MAX, &content) < 0)
		return errno == ENOENT ? 0 : error_errno(error, path, "cannot read");
	if (buffer_add(&content, "", 1) < 0 || round_note_parse(refused, content.bytes, content.size - 1) < 0)
		return error_errno(error, path, "cannot read");
	return 0;
}

static bool is_same_file(const struct published_file *one, const struct published_file *other)
{
	return *one->version && strcmp(one->path, other->path) == 0 && strcmp(one->source, other->source) == 0 &&
	       strcmp(one->service, other->service) == 0 && strcmp(one->stage, other->stage) == 0 &&
	       strcmp(one->version, other->version) == 0;
}

static bool has_file(const struct published *published, const struct published_file *file)
{
	for (size_t i = 0; i < published->count; i++)
		if (is_same_file(file, &published->files[i]))
			return true;
	return false;
}

/* Both have as many files, of paths that differ. */
static bool is_same(const struct published *one, const struct published *other)
{
	if (one->count != other->count || !one->count)
		return false;
	for (size_t i = 0; i < one->count; i++)
		if (!has_file(other, &one->files[i]))
			return false;
	return true;
}

static int is_held_back(struct atomicdir_error *error)
{
	return error_set(
		error, ATOMICDIR_REJECTED, NULL,
		"these versions were rolled back from, and are held back until one of them changes; sync --retry publishes "
		"them all the same");
}

int refused_check(const char *link, const struct round_note *note, struct atomicdir_error *error)
{
	cleanup(round_note_clear) struct round_note refused = { 0 };

	if (refused_read(link, &refused, error) < 0)
		return -1;
	return is_same(&note->published, &refused.published) ? is_held_back(error) : 0;
}

/* ---- Before anything is fetched ---- */

bool refused_is_there(const char *link)
{
	cleanup(round_note_clear) struct round_note refused = { 0 };
	struct atomicdir_error ignored;

	return refused_read(link, &refused, &ignored) == 0 && refused.published.count;
}

static bool has_same_entries(const struct texts *one, const struct texts *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++)
		if (strcmp(one->items[i], other->items[i]) != 0)
			return false;
	return true;
}

static bool is_of_move(const struct published_file *file, const struct move *move)
{
	return note_index(file->index) == move->entry && (!move->source || strcmp(file->source, move->source) == 0);
}

/* Whether this is what was rolled back from of one that has moved: the version that it is in now, or nothing. */
static bool is_moved_so(const struct published *refused, const struct move *move)
{
	bool has_any = false;

	for (size_t i = 0; i < refused->count; i++) {
		const struct published_file *file = &refused->files[i];

		if (!is_of_move(file, move))
			continue;
		if (move->is_gone || !*move->version || strcmp(file->version, move->version) != 0)
			return false;
		has_any = true;
	}
	return has_any || move->is_gone;
}

/* Whether `other` has each file of what has not moved. */
static bool has_unmoved(const struct published *one, const struct published *other, const struct moves *moves)
{
	for (size_t i = 0; i < one->count; i++) {
		const struct published_file *file = &one->files[i];

		if (!moves_have(moves, note_index(file->index), file->source) && !has_file(other, file))
			return false;
	}
	return true;
}

int refused_check_moves(const char *link, const struct round_note *live, const struct moves *moves,
			struct atomicdir_error *error)
{
	cleanup(round_note_clear) struct round_note refused = { 0 };

	if (refused_read(link, &refused, error) < 0)
		return -1;
	if (!refused.published.count || !has_same_entries(&refused.entries, &live->entries) ||
	    !has_unmoved(&refused.published, &live->published, moves) ||
	    !has_unmoved(&live->published, &refused.published, moves))
		return 0;
	for (size_t i = 0; i < moves->count; i++)
		if (!is_moved_so(&refused.published, &moves->items[i]))
			return 0;
	return is_held_back(error);
}
