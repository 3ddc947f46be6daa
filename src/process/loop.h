/* SPDX-License-Identifier: ISC
 *
 * Waiting for whatever comes next: a signal that asks us to end, the end of a child, a moment, a descriptor. While a loop is
 * open signals are blocked and come as events. Loops may be nested: each sees its own children, and reaps no others.
 */
#ifndef PROCESS_LOOP_H
#define PROCESS_LOOP_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/child.h"

#define LOOP_FDS_MAX 2

struct loop {
	int signal_fd, timer_fd;
	sigset_t before; /* the mask to go back to */
	bool is_reaper;	 /* whatever becomes our child is reaped, once it has ended */
	struct child *children;
};

struct event {
	enum {
		EVENT_FAILED, /* errno says why */
		EVENT_SIGNAL, /* `signal`: SIGINT, SIGTERM or SIGHUP; or any that is handed on */
		EVENT_CHILD,  /* `child` has ended and was reaped; the loop has forgotten it */
		EVENT_READY,  /* poll(2) has set revents */
		EVENT_TIME,   /* it is the time that was asked for */
	} kind;
	int signal;
	struct child *child;
};

/* 0; -1 with errno: there is nothing to close. */
int loop_open(struct loop *loop);
/* The same for a program that runs another one: this loop also gets the signals to hand on, and reaps orphans that became our
 * children. It must be the outermost loop. */
int loop_open_reaper(struct loop *loop);
/* Kills and reaps the children that still run. A signal that was not returned as an event has its ordinary effect now. */
void loop_close(struct loop *loop);

/* From now on the loop reports the child's end, asks it to end when its time is over, and kills it if it does not. The caller
 * owns the child, and must not move it in memory until it has ended. */
void loop_add(struct loop *loop, struct child *child);
/* Takes the child out of the loop; does nothing if it has ended and was reported. */
void loop_remove(struct loop *loop, struct child *child);
/* Waits for the next event. A signal that came before a child's end is returned before it. `until_ms`: a time of clock_ms();
 * -1: for ever; 0: does not wait. */
struct event loop_next(struct loop *loop, struct pollfd *fds, size_t count, int64_t until_ms);

#endif
