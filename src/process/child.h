/* SPDX-License-Identifier: ISC
 *
 * One child process: how it is started, asked to end, killed and reaped. No other module forks or waits. A child is signalled
 * only before it is reaped, so its pid cannot be another process's by then. The loop (loop.h) waits for several children at
 * once.
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

#define CHILD_NULL (-1) /* stands for a descriptor of /dev/null */
#define CHILD_PASSED_MAX 4
#define CHILD_KILL_AFTER_MS 10000

enum child_group {
	CHILD_GROUP_SHARED,  /* in our process group: the terminal's signals reach both */
	CHILD_GROUP_OWN,     /* in a group of its own: our signals go to the whole group */
	CHILD_GROUP_SESSION, /* the same, in a session without a terminal: it can neither prompt nor be stopped there */
};

struct launch {
	char *const *argv; /* argv[0] without '/' is looked for in PATH */
	/* If argv is NULL: a function to call in the child, which exits with what it returns. */
	int (*run)(void *context);
	void *context;
	const struct environment *environment; /* NULL: the same as ours */
	int directory_fd;		       /* its working directory; 0: ours */
	int input_fd, output_fd, error_fd;     /* its descriptors 0, 1 and 2; 0: ours */
	const int *passed_fds;		       /* its descriptors 3, 4 and so on; it gets no others */
	size_t passed_count;
	enum child_group group;
	struct terminal *terminal; /* is lent to the child's group; NULL: none */
	bool is_group_killed;	   /* when it ends, the rest of its group is killed; false: only if it did not end by itself */
	int death_signal;	   /* what the kernel sends it if we die (prctl(2)); 0: nothing */
	int64_t timeout_ms;	   /* after so long it is asked to end; -1: no limit */
	int64_t after_signal_ms;   /* run.h: how long it may go on after a signal asked us to end; 0: no limit */
	int64_t kill_after_ms;	   /* so long after it was asked to end it is killed; 0: CHILD_KILL_AFTER_MS */
};

/*
 * While the child runs, and until it is reaped: pid > 0. `due_ms` is when the loop asks it to end, or kills it if it was asked
 * already; -1: never. Once it is reaped, or if it was never started: pid is 0, `status` is waitpid(2)'s, and `end` says why it
 * ended.
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

/* Returns once the program is executed (execve(2)): 0. -1: it could not be started or executed; error (FAILED) and errno say
 * why, and there is nothing to clear. */
int child_start(struct child *child, const struct launch *launch, struct atomicdir_error *error);
/* Asks it to end (SIGTERM); if it does not, the loop kills it. A second call kills it at once. */
void child_end(struct child *child);
void child_kill(struct child *child);
/* Limits its time: `timeout_ms` from now the loop asks it to end. Does nothing if an earlier limit is set. */
void child_limit(struct child *child, int64_t timeout_ms);
/* The loop calls this at `due_ms`: asks the child to end, since its time is over, or kills it, since it was asked already. */
void child_time_out(struct child *child);
/* Whether it has ended, or was reaped already; child_wait() reaps it. */
bool child_has_ended(const struct child *child);
/* If the child was stopped at the terminal that it was lent (^Z), this process stops too; when it is continued, so is the
 * child. */
void child_follow_stop(struct child *child);
/* Sends the child, or its group if it has its own, a signal; does nothing once it is reaped. */
void child_send(const struct child *child, int number);
/* Waits without a limit: only for a child that was killed or is about to exit. */
void child_wait(struct child *child);
/* Kills it if it runs, and reaps it. */
void child_clear(struct child *child);

/* In a child that runs a function of ours: no program that it executes gets a descriptor beyond the standard ones. -1 with errno. */
int child_keep_no_fds(void);
/* From now on orphans among our descendants become our children, as they become those of process 1 (prctl(2)). */
void child_adopt_orphans(void);
/* The pid of a child that has ended and is not reaped yet; 0: there is none. */
pid_t child_find_ended(void);
/* Reaps a child that we did not start. */
void child_reap_stranger(pid_t pid);

/* 0: it exited with status 0, in time. -1: the error (FAILED) says how it ended. `what` is its name as errors show it, in
 * quotes. */
int child_check(const struct child *child, const char *what, struct atomicdir_error *error);

#endif
