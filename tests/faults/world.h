/* SPDX-License-Identifier: ISC
 *
 * The directory in which a point is tried: set up from a template each time, and looked at afterwards.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>

/* Empties the working directory and copies `template` into it: entries, modes, link texts. */
void world_reset(const char *template);

/* What LINK (`app`) holds: the digit that app/a and app/sub/b agree on; 0: no LINK; '?': a mix, or not all there. */
char world_value(void);

/* With the layout files: whether each file that is there holds one version whole. */
bool world_is_by_file(void);

/* Is the store as it should be when nothing was left over: the lock, the live generation, at most `kept` before it, each with its
 * .info, with a hook perhaps marked as due; and beside it nothing that `template` has not? else *why. */
bool world_is_clean(const char *template, int kept, bool has_hook, const char **why);

#endif
