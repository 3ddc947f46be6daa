/* SPDX-License-Identifier: ISC
 *
 * Removes a store that nothing leads into any more, with all that publications made in it and nothing else. The lock is held,
 * and is removed last: after a crash here, the same call finishes the work.
 */
#ifndef DIR_DISMANTLE_H
#define DIR_DISMANTLE_H

#include "dir/writer.h"

/* BUSY if a reader has a generation pinned; `except` (0: none) is not checked. */
int dismantle_check_pins(const struct writer *writer, int64_t except, struct atomicdir_error *error);
/* Never fails: what cannot be removed is a warning in the writer. */
void dismantle(struct writer *writer);

#endif
