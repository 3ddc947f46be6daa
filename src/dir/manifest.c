/* SPDX-License-Identifier: ISC */
#include "dir/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "dir/inside.h"
#include "dir/part.h"
#include "dir/tree.h"

#define MANIFEST_SIZE_MAX (256 << 20) /* millions of files */
#define MANIFEST_MODE "mode"

static const struct manifest_type {
	mode_t type;
	const char *name;
} types[] = { { S_IFREG, "file" }, { S_IFLNK, "symlink" }, { S_IFDIR, "directory" } };
#define TYPES (sizeof(types) / sizeof(*types))

void manifest_clear(struct manifest *manifest)
{
	int saved = errno;

	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->entries[i].path);
	free(manifest->entries);
	*manifest = (struct manifest){ 0 };
	errno = saved;
}

static int manifest_add(struct manifest *manifest, mode_t mode, const char *path)
{
	struct manifest_entry *added = array_add(&manifest->entries, &manifest->count, sizeof(*added));

	if (!added)
		return -1;
	*added = (struct manifest_entry){ mode, strdup(path) };
	if (added->path)
		return 0;
	manifest->count--;
	return -1;
}

static int manifest_compare(const void *a, const void *b)
{
	return strcmp(((const struct manifest_entry *)a)->path, ((const struct manifest_entry *)b)->path);
}

static void manifest_sort(struct manifest *manifest)
{
	if (manifest->count)
		qsort(manifest->entries, manifest->count, sizeof(*manifest->entries), manifest_compare);
}

static const struct manifest_entry *manifest_find(const struct manifest_entry *entries, size_t count, const char *path)
{
	struct manifest_entry key = { .path = (char *)(uintptr_t)path };

	return count ? bsearch(&key, entries, count, sizeof(key), manifest_compare) : NULL;
}

bool manifest_has(const struct manifest *manifest, const char *path, mode_t mode)
{
	const struct manifest_entry *found = manifest_find(manifest->entries, manifest->count, path);

	return found && (found->mode & S_IFMT) == (mode & S_IFMT);
}

bool manifest_names(const struct manifest *manifest, const char *path)
{
	return manifest_find(manifest->entries, manifest->count, path);
}

int manifest_merge(struct manifest *manifest, const struct manifest *from,
		   bool (*is_wanted)(void *arg, const struct manifest_entry *entry), void *arg)
{
	size_t before = manifest->count;
	int done = 0;

	for (size_t i = 0; i < from->count && done == 0; i++) {
		const struct manifest_entry *entry = &from->entries[i];

		if (!manifest_find(manifest->entries, before, entry->path) && (!is_wanted || is_wanted(arg, entry)))
			done = manifest_add(manifest, entry->mode, entry->path);
	}
	manifest_sort(manifest);
	return done;
}

static int manifest_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	if (manifest_add(arg, entry->facts.mode, entry->path) < 0)
		return error_system(error, errno, entry->path, "cannot note");
	return 0;
}

int manifest_gather(struct manifest *manifest, int top_fd, struct atomicdir_error *error)
{
	struct walk walk = { .visit = manifest_visit, .arg = manifest, .is_generation = true, .may_lend = true };
	int done = tree_walk(&walk, top_fd, error);

	manifest_sort(manifest);
	return done;
}

/* ---- On disk ---- */

static const char *manifest_type_name(mode_t mode)
{
	for (size_t i = 0; i < TYPES; i++)
		if (types[i].type == (mode & S_IFMT))
			return types[i].name;
	return NULL;
}

static int manifest_print(const struct manifest *manifest, struct buffer *text)
{
	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_entry *entry = &manifest->entries[i];
		const char *type = manifest_type_name(entry->mode);
		char mode[8];

		snprintf(mode, sizeof(mode), "%04o", entry->mode & 07777U);
		if (S_ISDIR(entry->mode) && field_add_text(text, MANIFEST_MODE, mode) < 0)
			return -1;
		if (type && field_add_text(text, type, entry->path) < 0)
			return -1;
	}
	return 0;
}

int manifest_write(const struct place *place, int64_t number, const struct manifest *manifest)
{
	cleanup_buffer struct buffer text = { 0 };

	if (manifest_print(manifest, &text) < 0)
		return -1;
	return part_write(place->store_fd, number, PART_FILES, text.bytes, text.size);
}

static int manifest_is_damaged(void)
{
	errno = EBADMSG;
	return -1;
}

/* Whether the path leads to something below LINK, and not into the store: files are removed by it. */
static bool manifest_path_is_sound(const char *path)
{
	if (!path || inside_reserves(path))
		return false;
	for (;; path++) {
		size_t size = strcspn(path, "/");

		if (!size || (size == 1 && *path == '.') || (size == 2 && strncmp(path, "..", 2) == 0))
			return false;
		path += size;
		if (!*path)
			return true;
	}
}

static int manifest_take(struct manifest *manifest, const struct field *field, mode_t *mode)
{
	const char *text = field_text(field);

	if (field_is(field, MANIFEST_MODE)) {
		*mode = text ? (mode_t)strtoul(text, NULL, 8) & 07777 : 0;
		return 0;
	}
	for (size_t i = 0; i < TYPES; i++) {
		if (!field_is(field, types[i].name))
			continue;
		if (!manifest_path_is_sound(text))
			return manifest_is_damaged();
		return manifest_add(manifest, types[i].type | (types[i].type == S_IFDIR ? *mode : 0), text);
	}
	return manifest_is_damaged();
}

static int manifest_parse(const struct buffer *text, struct manifest *manifest)
{
	const char *bytes = text->bytes;
	size_t size = text->size;
	struct field field = { 0 };
	mode_t mode = 0;
	int got;

	while ((got = field_take(&bytes, &size, &field)) > 0) {
		got = manifest_take(manifest, &field, &mode);
		if (got < 0)
			break;
	}
	field_clear(&field);
	if (got < 0 && errno != ENOMEM)
		return manifest_is_damaged();
	return got;
}

int manifest_read(const struct place *place, int64_t number, struct manifest *manifest)
{
	cleanup_buffer struct buffer text = { 0 };

	*manifest = (struct manifest){ 0 };
	if (part_read(place->store_fd, number, PART_FILES, MANIFEST_SIZE_MAX, &text) < 0)
		return errno == ENOENT ? 0 : -1;
	if (manifest_parse(&text, manifest) == 0) {
		manifest_sort(manifest);
		return 0;
	}
	manifest_clear(manifest);
	return -1;
}
