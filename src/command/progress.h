/* SPDX-License-Identifier: ISC
 *
 * What takes more than a second says so on a terminal. A process of its own writes it, since what takes long is one call into
 * the library; it is started before the writer's lock is taken, so that it can never hold that, and ends when we do.
 */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include <sys/types.h>

#include "command/options.h"

enum progress_phase { PROGRESS_NONE, PROGRESS_WAITING, PROGRESS_COPYING, PROGRESS_COMPARING, PROGRESS_PUBLISHING };

struct progress {
	int fd;
	pid_t pid;
};

/* Does nothing where standard error is no terminal, or with -q. Never fails: it is not what was asked for. */
void progress_start(struct progress *progress, const struct options *options);
/* NONE: the terminal is somebody else's now. Returns when the line is gone. */
void progress_set(const struct progress *progress, enum progress_phase phase);
void progress_end(struct progress *progress);

#endif
