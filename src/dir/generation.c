/* SPDX-License-Identifier: ISC */
#include "dir/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/info.h"

static void clear(struct atomicdir_generation *item)
{
	free_pointer(&item->path);
	free_pointer(&item->note);
}

void generation_list_clear(struct generation_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		clear(&list->items[i]);
	free_pointer(&list->items);
	list->count = 0;
}

bool generation_is_pinned(const struct store *store, int64_t number)
{
	char name[NAME_NUMBER_SIZE];
	cleanup_fd int fd = -1;

	name_number(name, number, "");
	fd = open_directory_at(store->fd, name);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* What cannot be looked at may be there: that is not durable, and its hook is due until its mark is known to be gone. */
static bool may_have_part(const struct store *store, int64_t number, const char *suffix)
{
	char name[NAME_NUMBER_SIZE];
	struct stat status;

	name_number(name, number, suffix);
	return fstatat(store->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static int describe(struct atomicdir_generation *item, const struct store *store, int64_t number, int64_t live)
{
	cleanup_info struct info info = INFO_INIT;
	char entry[NAME_SIZE + NAME_NUMBER_SIZE];

	name_link_text(&store->name, number, entry, sizeof(entry));
	item->path = name_absolute(&store->name, entry);
	info_read(store->fd, number, number == live, &info);
	item->note = info.note ? take_pointer(&info.note) : strdup("");
	if (!item->path || !item->note)
		return -1;
	item->number = number;
	item->created_ms = info.created_ms;
	item->files = info.files;
	item->bytes = info.bytes;
	item->is_live = number == live;
	item->is_pinned = generation_is_pinned(store, number);
	item->is_durable = info.is_synced && !may_have_part(store, number, ".info.new");
	item->is_hook_due = may_have_part(store, number, ".hook");
	return 0;
}

int generation_list_add(struct generation_list *list, const struct store *store, int64_t number, int64_t live)
{
	struct atomicdir_generation *more = reallocarray(list->items, list->count + 1, sizeof(*more));

	if (!more)
		return -1;
	list->items = more;
	more += list->count;
	memset(more, 0, sizeof(*more));
	if (describe(more, store, number, live) < 0) {
		clear(more);
		return -1;
	}
	list->count++;
	return 0;
}

void generation_list_drop(struct generation_list *list)
{
	clear(&list->items[--list->count]);
}

static const char *pack_text(char **to, const char *text)
{
	char *packed = *to;

	*to = stpcpy(packed, text) + 1;
	return packed;
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
		size += strlen(list->items[i].path) + strlen(list->items[i].note) + 2;
	items = malloc(size);
	if (!items)
		return error_errno(error, NULL, "cannot list generations");
	memcpy(items, list->items, list->count * sizeof(*items));
	texts = (char *)(items + list->count);
	for (size_t i = 0; i < list->count; i++) {
		items[i].path = pack_text(&texts, items[i].path);
		items[i].note = pack_text(&texts, items[i].note);
		items[i].next = i + 1 < list->count ? &items[i + 1] : NULL;
	}
	*packed = items;
	return (int)list->count;
}
