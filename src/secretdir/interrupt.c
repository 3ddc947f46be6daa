/* SPDX-License-Identifier: ISC */
#include "secretdir/interrupt.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/libc.h"
#include "process/signals.h"

#define TIMED_OUT (-1)

/* Signals are the process's, so there is one of this. */
static struct {
	bool is_begun;
	int caught;		    /* the last one, or TIMED_OUT */
	int64_t due_ms, timeout_ms; /* due: of clock_ms(); -1: never */
	struct loop loop;
} interrupt = { .due_ms = -1 };

int interrupt_begin(struct atomicdir_error *error)
{
	if (loop_open(&interrupt.loop) < 0)
		return error_errno(error, NULL, "cannot wait for signals");
	interrupt.is_begun = true;
	interrupt.caught = 0;
	interrupt.due_ms = -1;
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

void interrupt_limit(int64_t timeout_ms)
{
	interrupt.timeout_ms = timeout_ms;
	interrupt.due_ms = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
}

static bool interrupt_is_due(void)
{
	return interrupt.due_ms >= 0 && clock_ms() >= interrupt.due_ms;
}

struct event interrupt_next(struct pollfd *fds, size_t count, int64_t until_ms)
{
	int64_t due_ms = interrupt.caught ? -1 : interrupt.due_ms;
	bool is_sooner = due_ms >= 0 && (until_ms < 0 || due_ms < until_ms);
	struct event event = loop_next(&interrupt.loop, fds, count, is_sooner ? due_ms : until_ms);

	if (event.kind == EVENT_TIME && is_sooner && interrupt_is_due())
		event = (struct event){ .kind = EVENT_SIGNAL, .signal = TIMED_OUT };
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
	char time[32];

	if (interrupt.is_begun && !interrupt.caught)
		interrupt_pause(0);
	if (!interrupt.caught && interrupt_is_due())
		interrupt.caught = TIMED_OUT;
	errno = saved;
	if (!interrupt.caught)
		return 0;
	if (interrupt.caught == TIMED_OUT) {
		clock_show(time, interrupt.timeout_ms);
		return error_set(error, ATOMICDIR_UNREACHABLE, NULL, "the round took longer than %s", time);
	}
	return error_set(error, ATOMICDIR_FAILED, NULL, "terminated by SIG%s", sigabbrev_np(interrupt.caught));
}

struct atomicdir_stage *interrupt_begin_stage(const char *link, const struct atomicdir_options *options,
					      struct atomicdir_error *error)
{
	struct atomicdir_options limited = *options;
	int64_t left_ms = interrupt.due_ms - clock_ms();
	struct atomicdir_stage *stage;
	int caught;

	if (interrupt_check(error) < 0)
		return NULL;
	if (interrupt.due_ms >= 0 && (limited.wait_ms < 0 || left_ms < limited.wait_ms))
		limited.wait_ms = left_ms > 0 ? left_ms : 0;
	signals_catch();
	stage = atomicdir_begin(link, &limited, error);
	caught = signals_caught();
	if (caught)
		interrupt.caught = caught;
	if (interrupt_check(error) == 0)
		return stage;
	atomicdir_free(stage);
	return NULL;
}
