/* SPDX-License-Identifier: ISC
 *
 * Steps 9 and 11: what must be on disk before the name is swapped, and after it.
 */
#ifndef DIR_DURABLE_H
#define DIR_DURABLE_H

#include "dir/layout.h"
#include "dir/writer.h"

/* The generation open as `fd`, all that the store says of it, and the store's own name. One barrier with SYNC_WAY_FS. */
int durable_before_swap(const struct writer *writer, int fd, int64_t number, struct atomicdir_error *error);
/* Of a swap that cannot be taken back any more (struct swap's `decide`). */
int durable_decision(const struct writer *writer, const struct swap *swap, struct atomicdir_error *error);
int durable_after_swap(const struct writer *writer, const struct swap *swap, struct atomicdir_error *error);
/* Both, for the live generation. */
int durable_again(const struct writer *writer, struct atomicdir_error *error);

#endif
