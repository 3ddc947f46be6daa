/* SPDX-License-Identifier: ISC
 *
 * A listener's whole life: it reads the request, waits for keys, and then says what comes to the queue, until its keys are about to
 * expire or it is ended (base/protocol.h). It is given no value of a secret, and so tells none.
 */
#ifndef LISTEN_LISTEN_H
#define LISTEN_LISTEN_H

/* The exit status. */
int listen_run(void);

#endif
