/* SPDX-License-Identifier: ISC
 *
 * What a writer tells its caller: the live generation and the one that it replaced.
 */
#ifndef DIR_TELL_H
#define DIR_TELL_H

#include "dir/writer.h"

/* *live (NULL: the caller does not ask): the live generation and, next, `replaced` if that is not 0 and still there. -1: no memory. */
int tell_live(const struct writer *writer, int64_t replaced, struct atomicdir_generation **live, struct atomicdir_error *error);
/* After a publication: that the caller cannot be told more for want of memory does not undo it, and is a warning. */
void tell_published(struct writer *writer, int64_t replaced, struct atomicdir_generation **live);

#endif
