/* SPDX-License-Identifier: ISC
 *
 * What a watcher does in children, one at a time, so that it holds no value and waits for nothing itself: it forks, and the child goes
 * the way of sync. They share `standing` in memory, which a round brings up to date as its last act.
 */
#ifndef SECRETDIR_ROUNDS_H
#define SECRETDIR_ROUNDS_H

#include "process/child.h"
#include "secretdir/options.h"
#include "secretdir/round.h"
#include "secretdir/standing.h"

enum task {
	TASK_READ,  /* the entries, into fresh_fd */
	TASK_ROUND, /* a round, and what it leaves for others to read */
	TASK_TELL,  /* the same for a round that was killed before it could */
	TASK_PRUNE, /* removes what was replaced */
};

struct rounds {
	const struct secret_options *options;
	const char *link; /* absolute */
	const struct schedule *schedule;
	struct standing *standing;  /* shared */
	int memo_fd, keys_fd;	    /* in memory: what one round leaves to the next, which the watcher never reads */
	int wanted_fd;		    /* the entries, in memory; -1: not read yet */
	int fresh_fd;		    /* where they are read to */
	const struct label *labels; /* the next round looks at these secrets alone; NULL: at all */
	size_t label_count;
	bool asks_for_keys; /* the next round does not use the keys that the one before has left */
	bool is_full;	    /* the next round fetches everything */
	bool is_retry;	    /* it publishes what was rolled back from as well */
	int lost_status;    /* of a round that was killed */
	char lost[1024];    /* what became of it */
};

/* FAILED. */
int rounds_open(struct rounds *rounds, const struct secret_options *options, const char *link, const struct schedule *schedule,
		struct atomicdir_error *error);
void rounds_close(struct rounds *rounds);
/* FAILED: it could not be started. */
int rounds_start(struct rounds *rounds, enum task task, struct child *child, struct atomicdir_error *error);
/* Takes over what TASK_READ has read. */
void rounds_take_entries(struct rounds *rounds);

#endif
