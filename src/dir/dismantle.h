/* SPDX-License-Identifier: ISC
 *
 * A store that nothing leads into any more goes, with all that publications made in it, and nothing else. The lock is held, and goes
 * last: whatever a death here leaves, the same call finishes.
 */
#ifndef DIR_DISMANTLE_H
#define DIR_DISMANTLE_H

#include "dir/writer.h"

/* BUSY where a reader has a generation pinned; `except` (0: none) is not asked about. */
int dismantle_check_pins(const struct writer *writer, int64_t except, struct atomicdir_error *error);
/* What has to stay is a warning in the writer. */
void dismantle(struct writer *writer);

#endif
