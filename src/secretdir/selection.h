/* SPDX-License-Identifier: ISC
 *
 * Some of the entries, in whatever form they are asked for: which entry each of them stands for.
 */
#ifndef SECRETDIR_SELECTION_H
#define SECRETDIR_SELECTION_H

#include "secretdir/entry.h"

struct selection {
	struct entries entries;
	size_t *of; /* the numbers of the entries that they stand for */
	size_t count;
};

/* Adds a copy of an entry, for the caller to change. NULL with ENOMEM. */
struct entry *selection_add(struct selection *selection, const struct entries *all, size_t index);
/* Adds one secret of an entry that takes many by the beginning of their names, where it would be published by that. A name whose
 * path would be taken for something else is EINVAL. */
struct entry *selection_add_named(struct selection *selection, const struct entries *all, size_t index, const char *name);
void selection_clear(struct selection *selection);

#endif
