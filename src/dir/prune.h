/* SPDX-License-Identifier: ISC
 *
 * Step 13: removing the old generations that no rule of retention.h keeps, and that nobody uses.
 */
#ifndef DIR_PRUNE_H
#define DIR_PRUNE_H

#include "dir/generation.h"
#include "dir/writer.h"

/* Never fails: what cannot be removed is a warning in the writer. Adds what it removed to `removed`, which may be NULL; with
 * dry_run it adds what it would remove, and removes nothing. */
void prune(struct writer *writer, struct generation_list *removed);
/* The same after a publication. Where the layout says so it waits until what was replaced has had its grace, unless that is long. */
void prune_replaced(struct writer *writer);

/* Removes a generation and its files. 1: removed; 0: not, since it is or may be in use; -1: failed. 0 and -1 come with a
 * warning. */
int generation_remove(const struct place *place, int64_t number, struct atomicdir_error *warning);
/* The same for one that was never published, whose directory is open as `fd`. Nobody should use it, so only a certain pin
 * keeps it: one that may be in use is removed. */
int generation_remove_unpublished(const struct place *place, int64_t number, int fd, struct atomicdir_error *warning);
/* Removes the files (`parts`, as found) of a generation whose directory is gone already. */
void generation_remove_files(const struct place *place, int64_t number, unsigned parts);

#endif
