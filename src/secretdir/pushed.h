/* SPDX-License-Identifier: ISC
 *
 * --notify-queue: what a watcher makes of the events that its listener hears (listener.h). Events of a burst wake one round, which looks
 * at their secrets alone. While the queue answers rounds are an hour apart, unless the interval was stated.
 */
#ifndef SECRETDIR_PUSHED_H
#define SECRETDIR_PUSHED_H

#include "secretdir/listener.h"
#include "secretdir/rounds.h"

struct pushed {
	bool is_wanted; /* there is a queue */
	const struct secret_options *options;
	struct schedule *schedule; /* whose interval follows the queue */
	struct loop *loop;
	struct listener listener;
	bool is_connected, is_ending;
	int64_t alone_ms; /* when polling takes over, if the queue does not answer until then; -1: it has, or the queue answers */
	struct heard_event *events; /* those that no round has seen to */
	struct label *labels;	    /* the same, for a round */
	size_t count, given;	    /* given: to the round that runs */
	int64_t open_ms;	    /* since when a label that was announced is looked for; 0: none is */
	bool is_incomplete;	    /* memory ran out for one */
	int64_t first_ms, due_ms;   /* of the burst: when it began, and when it wakes a round; -1: there is none */
};

/* FAILED. */
int pushed_open(struct pushed *pushed, const struct secret_options *options, struct schedule *schedule, struct loop *loop,
		struct atomicdir_error *error);
void pushed_close(struct pushed *pushed);
/* Starts the listener where it is due, and gives up waiting for a queue that does not answer. */
void pushed_do_due(struct pushed *pushed, struct rounds *rounds, int64_t now_ms);
/* When that is next; -1: never. */
int64_t pushed_find_due(const struct pushed *pushed);
/* Takes what the listener has said. */
void pushed_hear(struct pushed *pushed, struct standing *standing, int64_t now_ms);
/* What a round is to look at, until the next call; NULL: at everything. */
const struct label *pushed_labels(struct pushed *pushed, size_t *count);
void pushed_begin_round(struct pushed *pushed);
/* A round has ended, which looked at the labels, or at everything. */
void pushed_take_round(struct pushed *pushed, const struct standing *standing, bool is_of_labels, int64_t now_ms);
/* Whether this child was the listener. */
bool pushed_take_end(struct pushed *pushed, const struct child *child);
/* The entries are others now. */
void pushed_restart(struct pushed *pushed);
void pushed_end(struct pushed *pushed);

#endif
