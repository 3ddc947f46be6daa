/* SPDX-License-Identifier: ISC
 *
 * The two commands of a publication's own: the check before the swap, and what runs after a change.
 */
#ifndef COMMAND_HOOK_H
#define COMMAND_HOOK_H

#include "command/options.h"

/* In the directory at `path`. REJECTED; FAILED where a signal of ours ended it. */
int check_run(const struct options *options, const char *link, const char *path, struct atomicdir_error *error);
/* A call that has a hook holds what is live, which may become the old one, until the hook was run: however little is kept.
 * -1: there is none to hold. hook_prune() lets go, and removes what was only held. */
int hook_hold(const struct options *options, const char *link);
void hook_prune(const struct options *options, const char *link, int *held_fd);
/* If the live generation's hook is due and this call has one: at most one at a time, and only for what is live still. HOOK. */
int hook_run(const struct options *options, const char *link, const struct atomicdir_generation *live, const char *old,
	     struct atomicdir_error *error);

#endif
