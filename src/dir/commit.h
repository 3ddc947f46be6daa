/* SPDX-License-Identifier: ISC
 *
 * From a filled stage to a published generation: step 7, then publish.h.
 */
#ifndef DIR_COMMIT_H
#define DIR_COMMIT_H

#include "dir/stage.h"

/* What atomicdir_commit() does, without the last words of the error. */
int stage_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error);

/* *live: the live generation and, next, `replaced` if that is not 0 and still there. */
int tell_live(const struct writer *writer, int64_t replaced, struct atomicdir_generation **live, struct atomicdir_error *error);

#endif
