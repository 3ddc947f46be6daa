/* SPDX-License-Identifier: ISC */
#include "process/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/libc.h"
#include "process/loop.h"

static int run_explain_signal(const char *what, int signal, struct atomicdir_error *error)
{
	error_set(error, ATOMICDIR_FAILED, NULL, "%s was terminated because of SIG%s", what, sigabbrev_np(signal));
	if (error)
		error->errnum = EINTR;
	return -1;
}

/* The signal because of which it has ended; 0: none. -1: we cannot wait for it. */
static int run_wait(struct loop *loop, struct child *child, const struct launch *launch, enum run_signals signals)
{
	int ended_by = 0;

	for (;;) {
		struct event event = loop_next(loop, NULL, 0, -1);

		if (event.kind == EVENT_FAILED)
			return -1;
		if (event.kind == EVENT_CHILD)
			return child->end == CHILD_BY_ITSELF ? 0 : ended_by;
		if (event.kind != EVENT_SIGNAL || ended_by)
			continue;
		if (signals == RUN_ENDS || launch->after_signal_ms)
			ended_by = event.signal;
		if (signals == RUN_ENDS)
			child_end(child);
		else if (launch->after_signal_ms)
			child_limit(child, launch->after_signal_ms);
	}
}

int run_to_end(const struct launch *launch, const char *name, enum run_signals signals, struct atomicdir_error *error)
{
	struct loop loop;
	struct child child;
	char what[320];
	int ended_by;

	snprintf(what, sizeof(what), "'%.300s'", name ? name : launch->argv[0]);
	if (loop_open(&loop) < 0)
		return error_system(error, errno, NULL, "cannot start %s", what);
	if (child_start(&child, launch, error) < 0) {
		loop_close(&loop);
		return -1;
	}
	loop_add(&loop, &child);
	ended_by = run_wait(&loop, &child, launch, signals);
	if (ended_by < 0)
		error_system(error, errno, NULL, "cannot wait for %s", what);
	loop_close(&loop);
	if (ended_by < 0)
		return -1;
	return ended_by ? run_explain_signal(what, ended_by, error) : child_check(&child, what, error);
}
