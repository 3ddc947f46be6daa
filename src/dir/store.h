/* SPDX-License-Identifier: ISC
 *
 * The store: our directory beside LINK, its lock, and what is found in it. `struct store` is the caller's; store_close() copes with
 * one that is half open, and releases the lock.
 */
#ifndef DIR_STORE_H
#define DIR_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dir/name.h"

struct store {
	struct name name;
	int parent_fd, fd, lock_fd;
	bool is_new;	/* made by this call */
	bool is_unused; /* locked, and no number was ever given: nobody needs it */
};
#define STORE_INIT ((struct store){ .parent_fd = -1, .fd = -1, .lock_fd = -1 })

/* Splits LINK and opens its parent. `flags` are O_PATH for readers, 0 for those who will sync it. */
int store_open_parent(struct store *store, const char *link, int flags, struct atomicdir_error *error);
/* Opens the store; -1 with errno ENOENT and no error text where there is none. */
int store_open(struct store *store, struct atomicdir_error *error);
/* Makes it where it is missing, repairs its mode and the lock's, and takes the lock: BUSY after wait_ms. */
int store_open_locked(struct store *store, int64_t wait_ms, struct atomicdir_error *error);
void store_close(struct store *store);
/* Takes away again a store that was unused when this call locked it, or that it made and could not lock. Whoever made it may not have
 * been the first to lock it. */
void store_unmake(struct store *store);
#define cleanup_store cleanup(store_close)

/* What there is of each number, in one pass; newest first. */
enum { FOUND_ENTRY = 1, FOUND_INFO = 2, FOUND_INFO_NEW = 4, FOUND_HOOK = 8, FOUND_TRASH = 16 };
struct found {
	int64_t number;
	unsigned parts;
};
struct found_list {
	struct found *list;
	size_t count;
};
void found_clear(struct found_list *found);
#define cleanup_found cleanup(found_clear)
int store_find(const struct store *store, struct found_list *found, struct atomicdir_error *error);
const struct found *found_get(const struct found_list *found, int64_t number);

/* The next number: above every one that was ever given, and above `highest`, which the store or LINK held. Needs the lock. */
int64_t store_take_number(const struct store *store, int64_t highest, struct atomicdir_error *error);

#endif
