/* SPDX-License-Identifier: ISC
 *
 * The commands that belong to a publication: the check before the swap, and the hook after a change.
 */
#ifndef COMMAND_HOOK_H
#define COMMAND_HOOK_H

#include "command/options.h"

/* Runs the check, if there is one, in the directory at `path`. REJECTED: it did not exit with status 0 in time. FAILED: it could not
 * be started, or a signal interrupted us. */
int check_run(const struct options *options, const char *link, const char *path, struct atomicdir_error *error);
/* Pins what is live, so that the hook still finds it as ATOMICDIR_OLD, however few generations are kept. -1: there is no hook, or
 * nothing is live. hook_prune() lets go of it, and removes it if only the pin kept it. */
int hook_hold(const struct options *options, const char *link);
void hook_prune(const struct options *options, const char *link, int *held_fd);
/* Runs the hook, if this call has one and the live generation's is due. Only one runs at a time, and only for what is still live.
 * HOOK: it failed. */
int hook_run(const struct options *options, const char *link, const struct atomicdir_generation *live, const char *old,
	     struct atomicdir_error *error);

#endif
