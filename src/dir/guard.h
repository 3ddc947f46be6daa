/* SPDX-License-Identifier: ISC
 *
 * Who may write in a store: only its owner and root. A store that others could have written in is refused. A mode that is
 * wrong but harmless is repaired: a writer was killed under an odd umask, the directory has a default ACL, or Kubernetes gave
 * the volume to a group (fsGroup).
 */
#ifndef DIR_GUARD_H
#define DIR_GUARD_H

#include <sys/stat.h>

#include "dir/place.h"

#define STORE_MODE 0711

/* Before the store is opened: refuses one that has another owner (unless we are root) or that everybody may write in. */
int guard_check(const struct place *place, const struct stat *store, struct atomicdir_error *error);
/* Once it is open: refuses one that its group could have written in, and gives it and its files their right modes. */
int guard_repair(const struct place *place, struct atomicdir_error *warning, struct atomicdir_error *error);

#endif
