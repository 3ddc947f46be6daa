/* SPDX-License-Identifier: ISC
 *
 * Running other programs; the one module that knows signals.
 */
#ifndef COMMAND_PROCESS_H
#define COMMAND_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include <atomicdir.h>

struct process {
	char *const *argv;
	int directory_fd;	 /* its working directory; -1: ours */
	bool is_hook;		 /* no input, output to standard error, no AWS_ variable, a group of its own */
	bool is_waited_for;	 /* a signal of ours does not end it: what it does should not be left half done */
	bool output_to_error;	 /* its standard output goes to standard error */
	int input_fd, output_fd; /* its standard input and output; 0: ours */
	int64_t timeout_ms;	 /* -1: none. Then SIGTERM, and SIGKILL 10 s later, to its group */
};

/* Once, first of all. The standard descriptors are open from here on, so that none of our own files is taken for one; a
 * limit, a closed pipe or a parent that ignores its children is an error to report, not a death or a hang. */
void process_begin(void);
/* Before we become another program: it gets the dispositions that we were started with. */
void process_restore(void);

/* Runs it to its end. 0: it ended with 0, in time. -1: how it ended, or why it could not be started, is the error, of kind
 * FAILED. SIGINT, SIGTERM and SIGHUP of ours, where they are not ignored, end it unless it is waited for: the errnum is
 * EINTR then. */
int process_run(const struct process *process, struct atomicdir_error *error);

#endif
