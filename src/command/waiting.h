/* SPDX-License-Identifier: ISC
 *
 * Calls into the library that may wait for another writer. After a second the user is told which process it waits for.
 */
#ifndef COMMAND_WAITING_H
#define COMMAND_WAITING_H

#include "command/options.h"

/* The call; -1: it failed, with the error set. */
typedef int (*waiting_fn)(const struct atomicdir_options *library, void *context, struct atomicdir_error *error);

/* Makes the call, at first with a wait of at most a second; if another writer still has the lock, once more with the wait that
 * the options ask for. Returns what the call returned. */
int waiting_call(const struct options *options, const struct atomicdir_options *library, waiting_fn call, void *context,
		 struct atomicdir_error *error);

#endif
