/* SPDX-License-Identifier: ISC
 *
 * Running one child to its end, which is all that most callers want.
 */
#ifndef PROCESS_RUN_H
#define PROCESS_RUN_H

#include "process/child.h"

enum run_signals {
	RUN_ENDS,    /* a signal that asks us to end ends the child */
	RUN_GOES_ON, /* it does not end the child, which should not leave its work half done */
};

/* 0: it exited with status 0, in time. -1: how it ended, or why it could not be started, is the error (FAILED). Its errnum is
 * EINTR where a signal of ours ended the child. `name` is what errors call it; NULL: argv[0]. */
int run_to_end(const struct launch *launch, const char *name, enum run_signals signals, struct atomicdir_error *error);

#endif
