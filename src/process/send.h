/* SPDX-License-Identifier: ISC
 *
 * Sending a signal to programs that somebody else started. One that is not there yet, as while it starts anew, is looked for again for
 * five seconds.
 */
#ifndef PROCESS_SEND_H
#define PROCESS_SEND_H

#include <atomicdir.h>

/* To the process whose number is all that the file holds. FAILED. */
int send_to_pidfile(const char *path, int signal, struct atomicdir_error *error);
/* To every process of this PID namespace, but ourselves, whose program's file has this name: /proc/PID/exe. FAILED: there is none, or one
 * of them may not be sent it. */
int send_to_program(const char *name, int signal, struct atomicdir_error *error);

#endif
