/* SPDX-License-Identifier: ISC
 *
 * Hearing of changes: a child of the supervisor starts listen-aws, hands it keys, and decides which events matter. What the supervisor
 * is to know comes through a pair of sockets, as one packet each, `struct heard`: both ends are processes of one program.
 *
 * The supervisor never waits for it and loses nothing. Its end does not block; where it is full the child waits, and then listen-aws
 * does, and messages stay in the queue. It does not hang up either when the child ends, since the supervisor keeps the other end:
 * poll(2) says POLLIN as long as there is something to take, and nothing else.
 *
 *	listener_open(&listener)
 *	listener_start(&listener, &plan, &loop)              when listener.due_ms has come, unless it is -1
 *	loop_next(&loop, &(struct pollfd){ listener.fd, POLLIN }, 1, ...)
 *	while (listener_next(&listener, &heard)) ...         after each turn of the loop, it costs one recv(2)
 *	listener_take_end(&listener)                         when the loop says that listener.child has ended
 *	child_end(&listener.child)                           to stop it; other entries: stop it, and start it with these
 *	listener_close(&listener)
 *
 * A child ends by itself when its keys are about to expire, and is started with new ones at once; where it failed, after a while.
 */
#ifndef SECRETDIR_LISTENER_H
#define SECRETDIR_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "process/loop.h"
#include "secretdir/entry.h"
#include "secretdir/options.h"
#include "secretdir/round_note.h"

/* A label of a secret was moved to another version. */
struct heard_event {
	char arn[2049], name[513];    /* of the secret; one of them may be "" */
	char version[65], label[257]; /* "": not said */
};

struct heard {
	enum {
		HEARD_EVENT,	    /* one that matters: what is live may not be what it says */
		HEARD_CONNECTED,    /* the queue answers, for the first time or again */
		HEARD_DISCONNECTED, /* it does not, and `error` says why; it is asked again all the while */
		HEARD_IGNORED,	    /* so many messages were no events, or events of no concern */
		HEARD_WARNING,	    /* `error`, of kind OK */
	} kind;
	int64_t ignored;
	struct heard_event event;
	struct atomicdir_error error;
};

struct listener_plan {
	const struct secret_options *options; /* with notify_queue */
	const char *link;		      /* absolute */
	int wanted_fd;			      /* the entries, as wanted_write() leaves them */
};

struct listener {
	struct child child;
	int fd;		/* the supervisor's end, to be polled */
	int far_fd;	/* the child's */
	int64_t due_ms; /* when to start it; -1: it runs */
	int64_t started_ms;
	int failures; /* in a row */
};

/* Whether the event is of a secret that an entry takes, by a label that it looks at, and of another version than the note has.
 * Where that cannot be told it matters. A version that an entry names cannot move. */
bool listener_matches(const struct entries *entries, const struct round_note *note, const struct heard_event *event);

/* FAILED; listener_close() is fine whatever comes of it. */
int listener_open(struct listener *listener, struct atomicdir_error *error);
/* The loop says when it has ended. The plan's texts need not outlive the call. -1: it could not be started, and due_ms says when to try
 * again. */
int listener_start(struct listener *listener, const struct listener_plan *plan, struct loop *loop,
		   struct atomicdir_error *error);
/* Takes what was heard, if anything was; never waits. */
bool listener_next(struct listener *listener, struct heard *heard);
/* Says in due_ms when it is to be started again. */
void listener_take_end(struct listener *listener);
void listener_close(struct listener *listener);

#endif
