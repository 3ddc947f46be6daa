/* SPDX-License-Identifier: ISC
 *
 * What a writer returns to its caller: the live generation and the one that it replaced.
 */
#ifndef DIR_TELL_H
#define DIR_TELL_H

#include "dir/writer.h"

/* *live (NULL: the caller does not ask): the live generation and, next, `replaced` if that is not 0 and still there. -1: no
 * memory. */
int tell_live(const struct writer *writer, int64_t replaced, struct atomicdir_generation **live, struct atomicdir_error *error);
/* The same after a publication, which stands even if there is no memory to describe it: that is a warning. */
void tell_published(struct writer *writer, int64_t replaced, struct atomicdir_generation **live);

#endif
