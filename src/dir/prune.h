/* SPDX-License-Identifier: ISC
 *
 * Step 13: which old generations stay, and removing the others. Kept are the live one, `keep` before it in the chain of what was
 * live before, those replaced less than `grace_ms` ago, the newest, and every one that is pinned.
 */
#ifndef DIR_PRUNE_H
#define DIR_PRUNE_H

#include "dir/generation.h"
#include "dir/writer.h"

/* Never fails: what cannot be removed is a warning in the writer. `removed` may be NULL; with dry_run it only tells. */
void prune(struct writer *writer, struct generation_list *removed);

#endif
