/* SPDX-License-Identifier: ISC */
#include "secretdir/interrupt.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "process/signals.h"

/* Signals are the process's, so there is one of this. */
static struct {
	bool is_begun;
	int caught; /* the last one */
	struct loop loop;
} interrupt;

int interrupt_begin(struct atomicdir_error *error)
{
	if (loop_open(&interrupt.loop) < 0)
		return error_errno(error, NULL, "cannot wait for signals");
	interrupt.is_begun = true;
	interrupt.caught = 0;
	return 0;
}

/* A signal that has come by now is done with: it asked for the end that is here. */
void interrupt_end(void)
{
	interrupt_check(NULL);
	if (interrupt.is_begun)
		loop_close(&interrupt.loop);
	interrupt.is_begun = false;
}

struct loop *interrupt_loop(void)
{
	return &interrupt.loop;
}

struct event interrupt_next(struct pollfd *fds, size_t count, int64_t until_ms)
{
	struct event event = loop_next(&interrupt.loop, fds, count, until_ms);

	if (event.kind == EVENT_SIGNAL)
		interrupt.caught = event.signal;
	return event;
}

void interrupt_pause(int64_t until_ms)
{
	while (interrupt_next(NULL, 0, until_ms).kind == EVENT_CHILD)
		;
}

int interrupt_check(struct atomicdir_error *error)
{
	int saved = errno;

	if (interrupt.is_begun && !interrupt.caught)
		interrupt_pause(0);
	errno = saved;
	if (!interrupt.caught)
		return 0;
	return error_set(error, ATOMICDIR_FAILED, NULL, "terminated by SIG%s", sigabbrev_np(interrupt.caught));
}

struct atomicdir_stage *interrupt_begin_stage(const char *link, const struct atomicdir_options *options,
					      struct atomicdir_error *error)
{
	struct atomicdir_stage *stage;
	int caught;

	if (interrupt_check(error) < 0)
		return NULL;
	signals_catch();
	stage = atomicdir_begin(link, options, error);
	caught = signals_caught();
	if (caught)
		interrupt.caught = caught;
	if (interrupt_check(error) == 0)
		return stage;
	atomicdir_free(stage);
	return NULL;
}
