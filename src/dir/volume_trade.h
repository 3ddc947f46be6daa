/* SPDX-License-Identifier: ISC
 *
 * The ways into a volume and out of it, name by name: a symlink in D and what is real trade places in one rename each, so that there is
 * something at every name at every moment. What a crash left half-way is taken back by the next writer.
 */
#ifndef DIR_VOLUME_TRADE_H
#define DIR_VOLUME_TRADE_H

#include "dir/layout.h"

/* The layout's `detach` and `leave`. */
int volume_detach(const struct place *place, const struct live *live, struct atomicdir_error *error);
int volume_leave(const struct place *place, const struct live *live, bool has_disk, struct atomicdir_error *error);
/* Takes back a detach that died. */
int volume_attach(const struct place *place, int top_fd, struct atomicdir_error *error);

/* The layout's `adoption`, `finish_adoption` and `settle`. */
extern const struct swap volume_adoption;
int volume_finish_adoption(const struct place *place, int64_t number, int64_t grace_ms, bool has_disk,
			   struct atomicdir_error *warning);
int volume_settle(const struct place *place, struct atomicdir_error *error);

#endif
