/* SPDX-License-Identifier: ISC */
#include "fetch/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void secret_clear(struct secret *secret)
{
	buffer_clear(&secret->value);
	free(secret->name);
	free(secret->version);
	free(secret->created);
	free(secret->arn);
	free(secret->versions);
	*secret = (struct secret){ 0 };
}

void listing_clear(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->items[i].name);
		free(listing->items[i].id);
		free(listing->items[i].key);
		free(listing->items[i].versions);
	}
	free(listing->items);
	free(listing->deleted);
	*listing = (struct listing){ 0 };
}

int listing_add(struct listing *listing, const char *name, const char *id, const char *key)
{
	struct listed *item;

	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->items[i].name, name) == 0)
			return 0;
	item = array_add(&listing->items, &listing->count, sizeof(*item));
	if (!item)
		return -1;
	*item = (struct listed){ .name = strdup(name), .id = strdup(id), .key = strdup(key) };
	return item->name && item->id && item->key ? 0 : -1;
}

int listing_add_versions(struct listing *listing, const char *versions)
{
	struct listed *last = &listing->items[listing->count - 1];

	free(last->versions);
	last->versions = strdup(versions);
	return last->versions ? 0 : -1;
}

int listing_add_deleted(struct listing *listing, const char *name)
{
	if (!listing->deleted && !(listing->deleted = strdup(name)))
		return -1;
	listing->deleted_count++;
	return 0;
}
