/* SPDX-License-Identifier: ISC
 *
 * What callers are told about generations: gathered one by one, then packed into one block of memory that free(3) ends.
 */
#ifndef DIR_GENERATION_H
#define DIR_GENERATION_H

#include <stddef.h>

#include "dir/place.h"

struct generation_list {
	struct atomicdir_generation *items; /* their strings are on the heap, ours until packed */
	size_t count;
};

void generation_list_clear(struct generation_list *list);
#define cleanup_generations cleanup(generation_list_clear)

/* Adds a generation; facts that we may not read stay unknown. -1: no memory, or it has no path; then the list is as it was. */
int generation_list_add(struct generation_list *list, const struct place *place, int64_t number, int64_t live);
/* Removes the one that was added last. */
void generation_list_drop(struct generation_list *list);
/* Returns how many there are, and them in *packed, as one block for free(3); NULL if there are none. -1: no memory. */
int generation_list_pack(const struct generation_list *list, struct atomicdir_generation **packed,
			 struct atomicdir_error *error);
/* Whether a generation is in use: ATOMICDIR_KEPT_PINNED, _HOOK (its hook is running), _UNKNOWN with errno, or _NO_MORE. `fd`:
 * what place_open_generation() returned, with its errno. After _NO_MORE `fd` is locked, and no reader can pin the generation
 * any more. */
enum atomicdir_kept generation_use(const struct place *place, int64_t number, int fd);
/* The same, without keeping a lock. */
enum atomicdir_kept generation_look_for_use(const struct place *place, int64_t number);

#endif
