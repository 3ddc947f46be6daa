/* SPDX-License-Identifier: ISC
 *
 * The one owner of signals: what the program was started with, what it changes, and which signals ask it to end. Signals are
 * read from a descriptor (loop.h); a handler exists only between signals_catch() and signals_caught(), or signals_tell() and
 * signals_told().
 */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

#include <signal.h>

/* Call this first in main(). From now on SIGXFSZ and SIGPIPE do not kill us: the write fails, and is an error to report.
 * Children can be waited for even if our parent ignored SIGCHLD. */
void signals_begin(void);
/* Restores the signals that the program was started with, before it executes another one. */
void signals_restore(void);
/* Ignores the signals that ask us to end, and SIGTTOU: for a child that ends when its parent does. */
void signals_ignore(void);

/* Blocks SIGCHLD and the signals that ask us to end, and returns a signalfd(2) that reads them; -1 with errno. `before` is the
 * mask to go back to. A signal that was ignored at the start, as nohup(1) has SIGHUP, stays ignored. */
int signals_hold(sigset_t *before);
/* The same, with all signals that a program that runs another one may hand on to it. */
int signals_hold_all(sigset_t *before);

/* Between these two calls a signal that asks us to end makes a blocking system call fail with EINTR, whatever the mask is.
 * This is for the library's wait for a lock, which nothing else ends. signals_caught() returns the signal that came, or 0. */
void signals_catch(void);
int signals_caught(void);

/* Between these two calls a signal that asks us to end does nothing. One that a loop reads stays pending for it. */
void signals_put_off(sigset_t *before);
void signals_take_up(const sigset_t *before);

/* Between these two calls a signal that asks us to end calls `tell`, which may do only what a handler may (signal-safety(7)).
 * signals_told() returns the signal that came, or 0. */
void signals_tell(void (*tell)(void *context), void *context);
int signals_told(void);

#endif
