/* SPDX-License-Identifier: ISC
 *
 * A line on the terminal that says what takes more than a second, and how far it is. A child writes it, since one call into the
 * library may take that long. The child is started before the writer's lock is taken, so that it can never hold the lock, and ends
 * when we do. It finds out by itself how far we are: from the kernel's count of what we have read and written, and from the
 * directory that is filled.
 */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include "command/options.h"
#include "process/child.h"

enum progress_phase {
	PROGRESS_NONE,
	PROGRESS_WAITING,
	PROGRESS_COPYING,
	PROGRESS_COMPARING,
	PROGRESS_PUBLISHING,
	PROGRESS_FETCHING
};

struct progress {
	int fd; /* -1: nothing is shown */
	struct child child;
};

/* Does nothing if standard error is no terminal, or with -q. It never fails: publishing does not depend on it. */
void progress_start(struct progress *progress, const struct options *options);
/* PROGRESS_NONE: another program is about to use the terminal. Returns when the line is gone. `progress` may be NULL. */
void progress_set(const struct progress *progress, enum progress_phase phase);
/* The same for what has an amount that is known: so many secrets. */
void progress_set_count(const struct progress *progress, enum progress_phase phase, size_t count);
/* The same for what fills a directory, whose files are counted. */
void progress_set_filling(const struct progress *progress, enum progress_phase phase, const char *directory);
void progress_end(struct progress *progress);

#endif
