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
/* Runs a command that completes the directory at `stage`, with this umask. FAILED; its errnum is EINTR where a signal interrupted us. */
int transform_run_command(const struct options *options, const char *command, unsigned umask, const char *link,
			  const char *stage, const char *live, struct atomicdir_error *error);
/* Runs the hook, if this call has one and the live generation's is due. Only one runs at a time, and only for what is still live. Once
 * it has ended well, what was kept only for its sake is removed. HOOK_FAILED. */
int hook_run(const struct options *options, const char *link, const struct atomicdir_generation *live,
	     struct atomicdir_error *error);

enum hook_end {
	HOOK_WELL,   /* or there was none to run */
	HOOK_UNDONE, /* it failed, and what was live before is live again. REJECTED */
	HOOK_FAILED  /* and the publication could not be undone. HOOK_FAILED */
};
/* The same after a commit with ATOMICDIR_HOOK_LOCKED, which is undone where the hook fails: then *live becomes what is live again,
 * whose own hook is to be run once the stage is freed; NULL where that may not survive a power cut. Removes nothing. */
enum hook_end hook_run_locked(const struct options *options, const char *link, struct atomicdir_stage *stage,
			      struct atomicdir_generation **live, struct atomicdir_error *error);

#endif
