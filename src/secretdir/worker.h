/* SPDX-License-Identifier: ISC
 *
 * A program that secretdir starts and talks with over two pipes, in fields, until it ends. While secretdir waits for it a signal that
 * asks secretdir to end kills it, with all that it has started (interrupt.h). A worker stays where it is as long as it runs.
 */
#ifndef SECRETDIR_WORKER_H
#define SECRETDIR_WORKER_H

#include <limits.h>

#include "base/field.h"
#include "process/child.h"

struct worker {
	const char *what;	/* for errors: "the fetcher" */
	char program[PATH_MAX]; /* likewise */
	struct child child;
	int request_fd; /* -1: it is told nothing more */
	struct field_reader reader;
	int64_t size; /* of what it has said */
};

/* `passed_fds` are its descriptors 3 and on. FAILED; it is the caller's to clear whatever comes of it. */
int worker_start(struct worker *worker, const char *what, const char *path, const struct environment *environment,
		 const int *passed_fds, size_t passed_count, struct atomicdir_error *error);
/* Kills it if it runs, with what it has started. */
void worker_clear(struct worker *worker);

/* All of these bytes, unless it does not want to hear them: then it says why. */
int worker_tell(struct worker *worker, const struct buffer *request, struct atomicdir_error *error);
/* As field_read(); its end is the stream's end, whoever else holds that. -1 also with EINTR after a signal, E2BIG where it says more
 * than 1 GiB. */
int worker_read(struct worker *worker, struct field *field);
/* Waits for its end, which it has ten seconds for. -1: it did not end well, or a signal came. */
int worker_reap(struct worker *worker, struct atomicdir_error *error);
/* It does not keep to the protocol: kills and reaps it, and says so; or that a signal came. -1. */
int worker_refuse(struct worker *worker, const char *why, struct atomicdir_error *error);

#endif
