/* SPDX-License-Identifier: ISC
 *
 * Runs a program and counts the system calls of it and of those it starts that are ours, from the moment when its linker has
 * done. At one call of one process it can kill, before or after the call, or have it fail. ptrace(2) does it: no strace, 10 ms a run.
 */
#ifndef TRACER_H
#define TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_KILL_BEFORE,
	FAULT_KILL_AFTER,
	FAULT_FAIL, /* not executed, and says errno */
	FAULT_LIE   /* executed, and says errno: network file systems do so, and close(2) always */
};

/* Processes are counted as they are started, the first is 0. A call is found again as the n-th of its number in its process: how
 * often a program waits depends on the moment, and must not shift the others. */
struct fault {
	enum fault_kind kind;
	int process;
	long call, nth, number; /* `call` is for the caller */
	int errnum;
};

struct call {
	int process;
	long call, nth, number; /* counted from 1: of all in its process, of those with its number */
	uint64_t arguments[6];
};

struct outcome {
	int status;   /* as wait(2) has it, of the first process */
	bool is_met;  /* the fault's call was there */
	bool is_late; /* it was ended, since it hung */
	int leaked;   /* descriptors that it had open when it ended, and had not when it began */
};

typedef void (*call_fn)(const struct call *call, void *arg);

/* -1: cannot trace here. Standard input is empty. `each` may be NULL. */
int tracer_run(char *const *argv, char *const *environment, int out_fd, int err_fd, const struct fault *fault, call_fn each,
	       void *arg, struct outcome *outcome);

#endif
