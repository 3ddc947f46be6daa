/* SPDX-License-Identifier: ISC
 *
 * Layouts in which LINK is a directory that stays what it is, a mount point perhaps, with the store inside. Names in it that begin with
 * ".." are the layout's.
 */
#ifndef DIR_INSIDE_H
#define DIR_INSIDE_H

#include <stdbool.h>

#include "dir/place.h"

#define INSIDE_STORE "..atomicdir"

/* Whether `name` exists in the directory at LINK, and has this type (S_IFMT). -1 with errno where that cannot be known. */
int inside_has(const struct place *place, const char *name, mode_t type);
/* Opens the directory, which is made (0755) for a writer, and sets the names: `swapped` in it is what is swapped. `what` is what messages
 * call LINK: "volume". */
int inside_locate(struct place *place, enum place_use use, const char *swapped, const char *what,
		  struct atomicdir_error *error);
bool inside_reserves(const char *name);
/* Syncs the name of the directory itself, which this call, or an earlier one, may have made. */
int inside_sync_outer(const struct place *place, struct atomicdir_error *error);

#endif
