/* SPDX-License-Identifier: ISC
 *
 * Steps 9 and 11: what must be on disk before LINK moves, and after it has.
 */
#ifndef DIR_DURABLE_H
#define DIR_DURABLE_H

#include "dir/writer.h"

/* The generation open as `fd`, its `.info.new` and mark, `next`, and the store's own name. One barrier with SYNC_WAY_FS. */
int durable_before_swap(const struct writer *writer, int fd, int64_t number, struct atomicdir_error *error);
int durable_after_swap(const struct writer *writer, struct atomicdir_error *error);
/* Both, for a generation that is live already. */
int durable_again(const struct writer *writer, int fd, struct atomicdir_error *error);

#endif
