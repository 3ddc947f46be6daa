/* SPDX-License-Identifier: ISC
 *
 * Step 13: removing the old generations that no rule of retention.h keeps, and that nobody uses.
 */
#ifndef DIR_PRUNE_H
#define DIR_PRUNE_H

#include "dir/generation.h"
#include "dir/writer.h"

/* Never fails: what cannot be removed is a warning in the writer. `removed` may be NULL; with dry_run it only tells. */
void prune(struct writer *writer, struct generation_list *removed);
/* The same after a publication. Where the layout says so it waits until what was replaced has had its grace, unless that is long. */
void prune_replaced(struct writer *writer);

/* Removes a generation with all that belongs to it. 1: done; 0: it is in use, or may be; -1: it could not be. Both are a warning. */
int generation_remove(const struct place *place, int64_t number, struct atomicdir_error *warning);
/* The same for one that was never published, whose directory is open as `fd`. A pin on it is a reader's mistake: only one that is
 * known is respected. */
int generation_remove_unpublished(const struct place *place, int64_t number, int fd, struct atomicdir_error *warning);
/* The files beside a generation that is not there any more: `parts` as found. */
void generation_remove_files(const struct place *place, int64_t number, unsigned parts);

#endif
