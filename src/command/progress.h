/* SPDX-License-Identifier: ISC
 *
 * A line on the terminal that says what takes more than a second. A child writes it, since one call into the library may take that
 * long. The child is started before the writer's lock is taken, so that it can never hold the lock, and ends when we do.
 */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include "command/options.h"
#include "process/child.h"

enum progress_phase { PROGRESS_NONE, PROGRESS_WAITING, PROGRESS_COPYING, PROGRESS_COMPARING, PROGRESS_PUBLISHING };

struct progress {
	int fd; /* -1: nothing is shown */
	struct child child;
};

/* Does nothing if standard error is no terminal, or with -q. It never fails: publishing does not depend on it. */
void progress_start(struct progress *progress, const struct options *options);
/* PROGRESS_NONE: another program is about to use the terminal. Returns when the line is gone. */
void progress_set(const struct progress *progress, enum progress_phase phase);
void progress_end(struct progress *progress);

#endif
