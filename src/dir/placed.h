/* SPDX-License-Identifier: ISC
 *
 * Which entries of LINK's directory are those of a generation, where they are moved there: those that its manifest names. Of a generation
 * whose `.info.new` is still there some were not moved yet, and lie in its own directory; what stands at their names is of the
 * generation before it, or somebody else's.
 */
#ifndef DIR_PLACED_H
#define DIR_PLACED_H

#include "dir/manifest.h"

/* `number` 0: there is none. */
int placed_read(const struct place *place, int64_t number, struct manifest *placed, struct atomicdir_error *error);
/* What was placed before generation `number`, which is being published. */
int placed_read_before(const struct place *place, int64_t number, struct manifest *placed, struct atomicdir_error *error);

#endif
