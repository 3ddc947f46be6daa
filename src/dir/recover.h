/* SPDX-License-Identifier: ISC
 *
 * Step 4: whatever a killed writer or a lost power left in the store is finished or removed. What cannot be is a warning in the
 * writer, never a failure.
 */
#ifndef DIR_RECOVER_H
#define DIR_RECOVER_H

#include "dir/writer.h"

void recover(struct writer *writer, const struct found_list *found);

/* Removes a generation with all that belongs to it. 1: done; 0: a reader has it pinned; -1: not, with a warning. */
int generation_remove(const struct store *store, int64_t number, struct atomicdir_error *warning);

#endif
