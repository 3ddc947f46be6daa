/* SPDX-License-Identifier: ISC */
#include "dir/carried.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "dir/part.h"

#define CARRIED_SIZE_MAX (64 << 20) /* of the file: some hundred thousand entries */

void carried_clear(struct carried *carried)
{
	for (size_t i = 0; i < carried->count; i++)
		free_pointer(&carried->list[i].path);
	free_pointer(&carried->list);
	carried->count = 0;
}

static int carried_add_sized(struct carried *carried, const char *path, size_t size, int64_t age)
{
	struct carried_entry *added = array_add(&carried->list, &carried->count, sizeof(*added));

	if (!added)
		return -1;
	*added = (struct carried_entry){ strndup(path, size), age };
	if (added->path)
		return 0;
	carried->count--;
	return -1;
}

int carried_add(struct carried *carried, const char *path, int64_t age)
{
	return carried_add_sized(carried, path, strlen(path), age);
}

static int carried_compare(const void *a, const void *b)
{
	return strcmp(((const struct carried_entry *)a)->path, ((const struct carried_entry *)b)->path);
}

void carried_sort(struct carried *carried)
{
	if (carried->count)
		qsort(carried->list, carried->count, sizeof(*carried->list), carried_compare);
}

static int carried_compare_path(const void *path, const void *entry)
{
	return strcmp(path, ((const struct carried_entry *)entry)->path);
}

int64_t carried_age(const struct carried *carried, const char *path)
{
	const struct carried_entry *found;

	if (!carried->count)
		return 0;
	found = bsearch(path, carried->list, carried->count, sizeof(*carried->list), carried_compare_path);
	return found ? found->age : 0;
}

bool carried_is_same(const struct carried *a, const struct carried *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].age != b->list[i].age || strcmp(a->list[i].path, b->list[i].path) != 0)
			return false;
	return true;
}

bool carried_covers(const struct carried *live, const struct carried *wanted, int64_t age_max)
{
	for (size_t i = 0; i < live->count; i++)
		if (live->list[i].age > age_max)
			return false;
	for (size_t i = 0; i < wanted->count; i++)
		if (!carried_age(live, wanted->list[i].path))
			return false;
	return true;
}

/* Parsing stops at the first mistake. */
static int carried_parse(struct carried *carried, const struct buffer *text)
{
	const char *at = text->bytes, *end = at + text->size;

	while (at < end) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));
		char *path;
		int64_t age;

		if (!stop)
			break;
		age = strtoll(at, &path, 10);
		if (age < 1 || *path++ != ' ' || path >= stop)
			break;
		if (carried_add_sized(carried, path, (size_t)(stop - path), age) < 0) {
			carried_clear(carried);
			return -1;
		}
		at = stop + 1;
	}
	carried_sort(carried);
	return 0;
}

int carried_read(int store_fd, int64_t number, struct carried *carried)
{
	cleanup_buffer struct buffer text = { 0 };

	*carried = (struct carried){ 0 };
	if (part_read(store_fd, number, PART_CARRIED, CARRIED_SIZE_MAX, &text) == 0)
		return carried_parse(carried, &text);
	/* Missing, or something that we never write, such as a symlink or FIFO. */
	return errno == ENOENT || errno == EINVAL || errno == ELOOP || errno == ENXIO || errno == EFBIG ? 0 : -1;
}

int carried_print(const struct carried *carried, struct buffer *text)
{
	for (size_t i = 0; i < carried->count; i++)
		if (buffer_printf(text, "%" PRId64 " ", carried->list[i].age) < 0 ||
		    buffer_add(text, carried->list[i].path, strlen(carried->list[i].path) + 1) < 0)
			return -1;
	return 0;
}
