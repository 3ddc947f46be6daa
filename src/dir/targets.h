/* SPDX-License-Identifier: ISC
 *
 * Looks at everything in LINK's directory that a generation will replace, add to or remove, before anything is moved. Whatever would be
 * in the way is refused, and the error names it.
 */
#ifndef DIR_TARGETS_H
#define DIR_TARGETS_H

#include "dir/manifest.h"

/* `top_fd`: the generation's own directory; `now`: what it holds; `before`: what is placed in LINK's directory (placed.h). */
int targets_check(const struct place *place, int top_fd, const struct manifest *now, const struct manifest *before,
		  struct atomicdir_error *error);

/* Sets "'PATH' CLAIM" with EEXIST, for what stands at a path below LINK and is not ours. Returns -1. */
int target_is_foreign(const struct place *place, const char *path, const char *claim, struct atomicdir_error *error);
/* Sets "WHAT 'PATH': why", from errno, for a path below LINK. Returns -1. */
int target_fail(const struct place *place, const char *path, const char *what, struct atomicdir_error *error);

#endif
