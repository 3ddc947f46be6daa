/* SPDX-License-Identifier: ISC */
#include "secretdir/selection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

struct entry *selection_add(struct selection *selection, const struct entries *all, size_t index)
{
	size_t *of = array_add(&selection->of, &selection->count, sizeof(*of));

	if (!of)
		return NULL;
	*of = index;
	return entries_add_copy(&selection->entries, &all->items[index]);
}

struct entry *selection_add_named(struct selection *selection, const struct entries *all, size_t index, const char *name)
{
	const struct entry *many = &all->items[index];
	cleanup_free char *path = NULL;
	struct entry *entry;

	if (asprintf(&path, "%s%s", entry_path(many), name + strlen(many->secret)) < 0) {
		path = NULL;
		return NULL;
	}
	if (!*path || path[strlen(path) - 1] == '/') {
		errno = EINVAL;
		return NULL;
	}
	entry = selection_add(selection, all, index);
	if (!entry || entry_replace(&entry->path, path) < 0 || entry_replace(&entry->secret, name) < 0)
		return NULL;
	entry->is_prefix = false;
	return entry;
}

void selection_clear(struct selection *selection)
{
	entries_clear(&selection->entries);
	free(selection->of);
	*selection = (struct selection){ 0 };
}
