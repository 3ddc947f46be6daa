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

/* What is not to be read by us stays unknown. -1: no memory, or no path to name it by; then the list is as it was. */
int generation_list_add(struct generation_list *list, const struct place *place, int64_t number, int64_t live);
/* Takes the last one back. */
void generation_list_drop(struct generation_list *list);
/* NULL for an empty one. How many. */
int generation_list_pack(const struct generation_list *list, struct atomicdir_generation **packed,
			 struct atomicdir_error *error);
/* Whether somebody uses it: ATOMICDIR_KEPT_PINNED, _HOOK (its hook is running), _UNKNOWN with errno, or _NO_MORE. `fd`: its
 * directory as it was opened, or -1 with errno; where nobody uses it, it is locked, and no reader can pin it any more. */
enum atomicdir_kept generation_use(const struct place *place, int64_t number, int fd);
/* The same, for those who only look. */
enum atomicdir_kept generation_look_for_use(const struct place *place, int64_t number);

#endif
