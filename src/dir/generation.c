/* SPDX-License-Identifier: ISC */
#include "dir/generation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/content.h"
#include "dir/info.h"
#include "dir/part.h"

void generation_list_clear(struct generation_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free_pointer(&list->items[i].path);
	free_pointer(&list->items);
	list->count = 0;
}

/* A directory that does not exist, or is something else, has no readers. */
static enum atomicdir_kept generation_use_by_readers(int fd)
{
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? ATOMICDIR_KEPT_NO_MORE : ATOMICDIR_KEPT_UNKNOWN;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return ATOMICDIR_KEPT_NO_MORE;
	return errno == EWOULDBLOCK ? ATOMICDIR_KEPT_PINNED : ATOMICDIR_KEPT_UNKNOWN;
}

/* A process that runs the hook has the mark locked, from a time when the generation was live. A mark that nobody can open is
 * not locked. */
static enum atomicdir_kept generation_use_by_hook(const struct place *place, int64_t number)
{
	cleanup_fd int fd = part_open(place->store_fd, number, PART_HOOK);

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO ? ATOMICDIR_KEPT_NO_MORE : ATOMICDIR_KEPT_UNKNOWN;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return ATOMICDIR_KEPT_NO_MORE;
	return errno == EWOULDBLOCK ? ATOMICDIR_KEPT_HOOK : ATOMICDIR_KEPT_UNKNOWN;
}

enum atomicdir_kept generation_use(const struct place *place, int64_t number, int fd)
{
	enum atomicdir_kept use = generation_use_by_readers(fd);

	return use == ATOMICDIR_KEPT_NO_MORE ? generation_use_by_hook(place, number) : use;
}

enum atomicdir_kept generation_look_for_use(const struct place *place, int64_t number)
{
	cleanup_fd int fd = part_open(place->store_fd, number, PART_DIRECTORY);

	return generation_use(place, number, fd);
}

static bool generation_is_pinned(const struct place *place, int64_t number)
{
	cleanup_fd int fd = part_open(place->store_fd, number, PART_DIRECTORY);

	return generation_use_by_readers(fd) == ATOMICDIR_KEPT_PINNED;
}

/* A file that cannot be examined counts as existing: then the generation is not durable, or its hook is due. */
static int generation_describe(struct atomicdir_generation *item, const struct place *place, int64_t number, int64_t live)
{
	cleanup_info struct info info = INFO_INIT;

	item->path = number == live ? content_path(place, number) : place_generation_path(place, number);
	if (!item->path)
		return -1;
	info_read(place->store_fd, number, number == live, &info);
	item->number = number;
	item->created_ms = info.created_ms;
	item->files = info.files;
	item->bytes = info.bytes;
	item->is_live = number == live;
	item->is_pinned = generation_is_pinned(place, number);
	item->kept = item->is_live ? ATOMICDIR_KEPT_LIVE : ATOMICDIR_KEPT_UNKNOWN;
	item->is_durable = info.is_synced && !part_may_exist(place->store_fd, number, PART_INFO_NEW);
	item->is_hook_due = part_may_exist(place->store_fd, number, PART_HOOK);
	item->is_good = !item->is_hook_due || info.is_without_hook || part_may_exist(place->store_fd, number, PART_GOOD);
	return 0;
}

int generation_list_add(struct generation_list *list, const struct place *place, int64_t number, int64_t live)
{
	struct atomicdir_generation *added = array_add(&list->items, &list->count, sizeof(*added));

	if (!added)
		return -1;
	if (generation_describe(added, place, number, live) == 0)
		return 0;
	generation_list_drop(list);
	return -1;
}

void generation_list_drop(struct generation_list *list)
{
	free_pointer(&list->items[--list->count].path);
}

int generation_list_pack(const struct generation_list *list, struct atomicdir_generation **packed,
			 struct atomicdir_error *error)
{
	size_t size = list->count * sizeof(**packed);
	struct atomicdir_generation *items;
	char *texts;

	if (!packed)
		return (int)list->count;
	if (!list->count) {
		*packed = NULL;
		return 0;
	}
	for (size_t i = 0; i < list->count; i++)
		size += strlen(list->items[i].path) + 1;
	items = malloc(size);
	if (!items)
		return error_system(error, errno, NULL, "cannot list the generations");
	memcpy(items, list->items, list->count * sizeof(*items));
	texts = (char *)(items + list->count);
	for (size_t i = 0; i < list->count; i++) {
		items[i].path = texts;
		texts = stpcpy(texts, list->items[i].path) + 1;
		items[i].next = i + 1 < list->count ? &items[i + 1] : NULL;
	}
	*packed = items;
	return (int)list->count;
}
