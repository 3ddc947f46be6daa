/* SPDX-License-Identifier: ISC */
#include "process/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/signals.h"

static int loop_open_with(struct loop *loop, int (*hold)(sigset_t *before))
{
	/* CLOCK_BOOTTIME, as clock_ms(): it counts the time that the machine was suspended. */
	*loop = (struct loop){ .signal_fd = -1, .timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK) };
	if (loop->timer_fd < 0)
		return -1;
	loop->signal_fd = hold(&loop->before);
	if (loop->signal_fd >= 0)
		return 0;
	close_fd(&loop->timer_fd);
	return -1;
}

int loop_open(struct loop *loop)
{
	return loop_open_with(loop, signals_hold);
}

int loop_open_reaper(struct loop *loop)
{
	if (loop_open_with(loop, signals_hold_all) < 0)
		return -1;
	loop->is_reaper = true;
	child_adopt_orphans();
	return 0;
}

void loop_close(struct loop *loop)
{
	for (struct child *child = loop->children; child; child = child->next)
		child_clear(child);
	close_fd(&loop->signal_fd);
	close_fd(&loop->timer_fd);
	sigprocmask(SIG_SETMASK, &loop->before, NULL);
}

void loop_add(struct loop *loop, struct child *child)
{
	child->next = loop->children;
	loop->children = child;
}

void loop_remove(struct loop *loop, struct child *child)
{
	struct child **place = &loop->children;

	while (*place && *place != child)
		place = &(*place)->next;
	if (*place)
		*place = child->next;
}

/* Checks each child by its pid: one SIGCHLD may stand for several children, and an outer loop may have read it. */
static struct child *loop_find_ended(const struct loop *loop)
{
	struct child *child = loop->children;

	while (child && !child_has_ended(child)) {
		child_follow_stop(child);
		child = child->next;
	}
	return child;
}

static bool loop_has(const struct loop *loop, pid_t pid)
{
	const struct child *child = loop->children;

	while (child && child->pid != pid)
		child = child->next;
	return child;
}

/* Those before one of ours; the others once that is reaped. */
static void loop_reap_strangers(const struct loop *loop)
{
	pid_t pid = loop->is_reaper ? child_find_ended() : 0;

	while (pid > 0 && !loop_has(loop, pid)) {
		child_reap_stranger(pid);
		pid = child_find_ended();
	}
}

static bool is_earlier(int64_t one, int64_t other)
{
	return one >= 0 && (other < 0 || one < other);
}

/* When something is due that nobody has to tell us; -1: never. */
static int64_t loop_find_due(const struct loop *loop, int64_t until_ms)
{
	int64_t due_ms = until_ms;

	for (const struct child *child = loop->children; child; child = child->next)
		if (is_earlier(child->due_ms, due_ms))
			due_ms = child->due_ms;
	return due_ms;
}

/* A time of 0 would stop the timer. */
static int loop_set_timer(const struct loop *loop, int64_t due_ms)
{
	struct itimerspec timer = { .it_value = { due_ms / 1000, due_ms % 1000 * 1000000 } };

	if (due_ms < 0)
		timer.it_value = (struct timespec){ 0, 0 };
	else if (due_ms == 0)
		timer.it_value.tv_nsec = 1;
	return timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void loop_end_due(struct loop *loop, int64_t now_ms)
{
	for (struct child *child = loop->children; child; child = child->next)
		if (child->due_ms >= 0 && child->due_ms <= now_ms)
			child_time_out(child);
}

/* The signal that came; 0: none that is an event. */
static int loop_read_signal(const struct loop *loop)
{
	struct signalfd_siginfo info;

	if (read(loop->signal_fd, &info, sizeof(info)) != sizeof(info) || info.ssi_signo == SIGCHLD)
		return 0;
	return (int)info.ssi_signo;
}

/* Polls the loop's own descriptors, then the caller's. */
enum { POLLED_SIGNAL, POLLED_TIMER, POLLED_FDS, POLLED_MAX = POLLED_FDS + LOOP_FDS_MAX };

static int loop_poll(const struct loop *loop, struct pollfd polled[POLLED_MAX], const struct pollfd *fds, size_t count)
{
	int ready;

	polled[POLLED_SIGNAL] = (struct pollfd){ .fd = loop->signal_fd, .events = POLLIN };
	polled[POLLED_TIMER] = (struct pollfd){ .fd = loop->timer_fd, .events = POLLIN };
	for (size_t i = 0; i < count; i++)
		polled[POLLED_FDS + i] = fds[i];
	do
		ready = poll(polled, POLLED_FDS + count, -1);
	while (ready < 0 && errno == EINTR);
	return ready < 0 ? -1 : 0;
}

static bool polled_is_ready(const struct pollfd *polled, struct pollfd *fds, size_t count)
{
	bool is_ready = false;

	for (size_t i = 0; i < count; i++) {
		fds[i].revents = polled[POLLED_FDS + i].revents;
		is_ready = is_ready || fds[i].revents;
	}
	return is_ready;
}

/* A signal goes before the end of a child, which the same signal may have ended: a terminal sends it to both. The child is reaped
 * only when its end is told: a caller that saw it gone before that would start another one in its place. Children's limits go
 * before the caller's descriptors, which may always be ready. */
struct event loop_next(struct loop *loop, struct pollfd *fds, size_t count, int64_t until_ms)
{
	for (;;) {
		struct child *ended = loop_find_ended(loop);
		int64_t due_ms = loop_find_due(loop, until_ms);
		struct pollfd polled[POLLED_MAX];
		int signal;

		loop_reap_strangers(loop);
		if (!ended && (loop_set_timer(loop, due_ms) < 0 || loop_poll(loop, polled, fds, count) < 0))
			return (struct event){ .kind = EVENT_FAILED };
		signal = ended || polled[POLLED_SIGNAL].revents ? loop_read_signal(loop) : 0;
		if (signal)
			return (struct event){ .kind = EVENT_SIGNAL, .signal = signal };
		if (ended) {
			child_wait(ended);
			loop_remove(loop, ended);
			return (struct event){ .kind = EVENT_CHILD, .child = ended };
		}
		if (polled[POLLED_TIMER].revents)
			loop_end_due(loop, due_ms);
		if (polled_is_ready(polled, fds, count))
			return (struct event){ .kind = EVENT_READY };
		if (polled[POLLED_TIMER].revents && until_ms >= 0 && until_ms <= due_ms)
			return (struct event){ .kind = EVENT_TIME };
	}
}
