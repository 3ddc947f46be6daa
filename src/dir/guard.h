/* SPDX-License-Identifier: ISC
 *
 * Who may write in a store. Only its owner is let near it, and root. A mode that a death under a hostile umask, a default ACL or a walk
 * that gives a volume to a group (Kubernetes' fsGroup) made of it is repaired; a store that others could have written in is refused.
 */
#ifndef DIR_GUARD_H
#define DIR_GUARD_H

#include <sys/stat.h>

#include "dir/place.h"

#define STORE_MODE 0711

/* Before the store is opened: whether it may be ours, or root's to work in. */
int guard_check(const struct place *place, const struct stat *store, struct atomicdir_error *error);
/* Once it is open: gives it and the files in it the modes that they should have. */
int guard_repair(const struct place *place, struct atomicdir_error *warning, struct atomicdir_error *error);

#endif
