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

int refused_check(const char *link, const struct round_note *note, struct atomicdir_error *error)
{
	cleanup(round_note_clear) struct round_note refused = { 0 };

	if (refused_read(link, &refused, error) < 0)
		return -1;
	if (!is_same(&note->published, &refused.published))
		return 0;
	return error_set(
		error, ATOMICDIR_REJECTED, NULL,
		"these versions were rolled back from, and are held back until one of them changes; sync --retry publishes "
		"them all the same");
}
