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
	int directory_fd;        /* its working directory; -1: ours */
	bool is_hook;            /* no input, output to standard error, no AWS_ variable, a group of its own */
	bool output_to_error;    /* its standard output goes to standard error */
	int64_t timeout_ms;      /* -1: none. Then SIGTERM, and SIGKILL 5 s later, to its group */
};

/* Runs it to its end. 0: it ended with 0. -1: how it ended is the error, of kind FAILED. SIGINT, SIGTERM and SIGHUP of ours end a
 * process that is not a hook with SIGTERM, and a hook is waited for. *caught, which may be NULL: that signal, or 0. */
int process_run(const struct process *process, int *caught, struct atomicdir_error *error);

#endif
