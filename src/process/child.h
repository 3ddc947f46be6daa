/* SPDX-License-Identifier: ISC
 *
 * One child process: how it is started, asked to end, killed and reaped. Only here does the program fork, and wait. A child is
 * signalled only until it is reaped, so its number is never somebody else's. The loop (loop.h) waits for several at once.
 */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <atomicdir.h>

#include "process/environment.h"
#include "process/terminal.h"

#define CHILD_NULL (-1) /* a descriptor: /dev/null */
#define CHILD_PASSED_MAX 4
#define CHILD_KILL_AFTER_MS 10000

enum child_group {
	CHILD_GROUP_SHARED,  /* ours: a terminal's signals reach both */
	CHILD_GROUP_OWN,     /* its own: signals go to all that is in it */
	CHILD_GROUP_SESSION, /* the same, and it has no terminal to ask or be stopped at */
};

struct launch {
	char *const *argv; /* argv[0] without '/' is looked for in PATH */
	/* Where argv is NULL: a function of ours, in a process of its own, that ends with what it returns. */
	int (*run)(void *context);
	void *context;
	const struct environment *environment; /* NULL: ours */
	int directory_fd;		       /* its working directory; 0: ours */
	int input_fd, output_fd, error_fd;     /* its descriptors 0, 1 and 2; 0: ours */
	const int *passed_fds;		       /* its descriptors 3, 4 and so on; it gets no others */
	size_t passed_count;
	enum child_group group;
	struct terminal *terminal; /* lent to its own group; NULL: it is not */
	bool is_group_killed; /* what it leaves running in its group ends with it; else only where it did not end by itself */
	int death_signal;     /* what it is sent if we die; 0: nothing */
	int64_t timeout_ms;   /* then it is asked to end; -1: it may take for ever */
	int64_t after_signal_ms; /* run.h: how long it goes on once a signal asked us to end; 0: as long as it likes */
	int64_t kill_after_ms;	 /* how long it has to end when it was asked to; 0: CHILD_KILL_AFTER_MS */
};

/*
 * It runs, or has ended and nobody looked: pid > 0; `due_ms` is when the loop asks it to end (or kills it, if it was asked), -1:
 * never. It was reaped, or never started: pid 0; `status` is waitpid(2)'s, and `end` says whether we had a part in its end.
 */
struct child {
	pid_t pid;
	int status;
	enum { CHILD_BY_ITSELF, CHILD_ASKED, CHILD_TIMED_OUT, CHILD_WITHOUT_TERMINAL } end;
	int64_t due_ms, timeout_ms, kill_after_ms;
	bool is_leader, is_group_killed;
	struct terminal *terminal;
	struct child *next; /* the loop's */
};

/* 0: it runs. -1: it could not be started or executed, and why is the error (FAILED) and errno; there is nothing to clear. Returns
 * when the program has been executed. */
int child_start(struct child *child, const struct launch *launch, struct atomicdir_error *error);
/* Asks it to end (SIGTERM); the loop kills it where it does not. Asked again it is killed at once. */
void child_end(struct child *child);
void child_kill(struct child *child);
/* From now on it has so long to end by itself; the loop asks it to then. Nothing where its time is over sooner. */
void child_limit(struct child *child, int64_t timeout_ms);
/* What the loop does when the child is due: its time is over, or it did not end when it was asked to. */
void child_time_out(struct child *child);
/* Has it ended? Then it is reaped. */
bool child_has_ended(struct child *child);
/* Whoever stops a child at the terminal that it was lent means us as well: we stop, and it goes on when we do. */
void child_follow_stop(struct child *child);
/* Sends it, or its group, a signal; nothing where it has ended. */
void child_send(const struct child *child, int number);
/* Waits for its end, which must be near. */
void child_wait(struct child *child);
/* Kills it if it runs, and reaps it. */
void child_clear(struct child *child);

/* In a child that runs a function of ours: no program that it executes gets a descriptor beyond the standard ones. -1 with errno. */
int child_keep_no_fds(void);
/* What others leave behind becomes our child from now on, as everything does to process 1. */
void child_adopt_orphans(void);
/* A child that has ended and is not reaped; 0: there is none. */
pid_t child_find_ended(void);
/* Reaps one that we have not started. */
void child_reap_stranger(pid_t pid);

/* 0: it exited with status 0, in time. -1: how it ended is the error (FAILED). `what` is its name, in quotes. */
int child_check(const struct child *child, const char *what, struct atomicdir_error *error);

#endif
