/* SPDX-License-Identifier: ISC
 *
 * The commands that belong to a publication: the check before the swap, and the hook after a change.
 */
#ifndef COMMAND_HOOK_H
#define COMMAND_HOOK_H

#include <stdio.h>

#include "command/options.h"

/* Runs the check, if there is one, in the directory at `path`. REJECTED: it did not exit with status 0 in time. FAILED: it
 * could not be started, or a signal interrupted us. */
int check_run(const struct options *options, const char *link, const char *path, struct atomicdir_error *error);
/* Runs a command that completes the directory at `stage`, with this umask. FAILED; its errnum is EINTR where a signal
 * interrupted us. */
int transform_run_command(const struct options *options, const char *command, unsigned umask, const char *link,
			  const char *stage, const char *live, struct atomicdir_error *error);
/* Runs the hook, if this call has one and the live generation's hook is due. Only one hook runs at a time, and only for a
 * generation that is still live. When it has succeeded, generations that were kept only for the hook are removed.
 * HOOK_FAILED. */
int hook_run(const struct options *options, const char *link, const struct atomicdir_generation *live,
	     struct atomicdir_error *error);

/* What hook_finish() asks of the stage: old generations are removed after the result was told, and with --rollback-on-failure nobody
 * else publishes before the hook has ended. */
void hook_set_options(const struct options *options, struct atomicdir_options *library);

/* The end of a publication, after atomicdir_commit(): prints the result to `to`, removes old generations, frees the stage, and runs
 * the hook. With --rollback-on-failure the hook comes first; one that fails undoes the publication, and *live becomes the
 * generation that is live again. 0; REJECTED: it was undone; HOOK_FAILED. */
int hook_finish(const struct options *options, const char *link, struct atomicdir_stage **stage, bool is_changed,
		struct atomicdir_generation **live, FILE *to, struct atomicdir_error *error);

#endif
