/* SPDX-License-Identifier: ISC
 *
 * Calls into the library that may wait for another writer. Whoever has waited for a second is told for whom.
 */
#ifndef COMMAND_WAITING_H
#define COMMAND_WAITING_H

#include "command/options.h"

/* The call; -1: it failed, with the error set. */
typedef int (*waiting_fn)(const struct atomicdir_options *library, void *context, struct atomicdir_error *error);

/* Makes the call with these options, once more after a second where another writer is at work. Returns what the call returned. */
int waiting_call(const struct options *options, const struct atomicdir_options *library, waiting_fn call, void *context,
		 struct atomicdir_error *error);

#endif
