/* SPDX-License-Identifier: ISC
 *
 * The writer's side of the store: making it, checking that nobody else may write in it, repairing its mode, its lock, and the
 * numbers that it gives out. The lock is held from store_lock() to store_unlock(); whoever has it is the only writer of LINK.
 */
#ifndef DIR_STORE_H
#define DIR_STORE_H

#include <stdbool.h>

#include "dir/place.h"

struct store {
	int lock_fd;
	bool is_new;	/* made by this call */
	bool is_unused; /* locked, and no number was ever given: nobody needs it */
};
#define STORE_INIT ((struct store){ .lock_fd = -1 })

/* Opens the store for its owner, or for root, and repairs its mode. 0; 1: there is none. */
int store_open(struct place *place, struct atomicdir_error *warning, struct atomicdir_error *error);
/* Makes the store where it is missing, opens it, and takes the lock. BUSY after wait_ms, which says who has it; -1 waits for
 * ever. */
int store_lock(struct store *store, struct place *place, int64_t wait_ms, struct atomicdir_error *warning,
	       struct atomicdir_error *error);
/* Gives the lock up, even if a child has a copy of its descriptor. */
void store_unlock(struct store *store);
/* With the lock held: refuses where somebody has removed or moved the store or its lock, so that what is published would be
 * nowhere. */
int store_check_held(const struct store *store, const struct place *place, struct atomicdir_error *error);
/* Removes the store if no writer needs it: it was unused when this call locked it, or this call made it and could not lock it,
 * and no other writer has used it since. Likewise a directory that this
 * call made for LINK. */
void store_unmake(const struct store *store, const struct place *place);

/* With the lock held: removes a store that holds nothing but its lock, which goes first. -1 with errno. */
int store_remove(const struct store *store, const struct place *place);

/* Returns the next number: higher than every number that was ever given out, and than `highest`, the highest in the store or
 * LINK. Needs the lock. */
int64_t store_take_number(const struct store *store, const struct place *place, int64_t highest, struct atomicdir_error *error);

#endif
