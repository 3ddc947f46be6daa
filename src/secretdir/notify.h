/* SPDX-License-Identifier: ISC
 *
 * What systemd is told of a service with Type=notify: datagrams to NOTIFY_SOCKET, as sd_notify(3) describes them. Nothing waits: a
 * datagram that cannot be taken now is lost. Without such a socket nothing is sent.
 */
#ifndef SECRETDIR_NOTIFY_H
#define SECRETDIR_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;		     /* -1: nobody listens */
	int64_t watchdog_ms; /* how often WATCHDOG=1 is wanted; -1: never */
};

/* Takes NOTIFY_SOCKET and WATCHDOG_* out of the environment: they are for nobody that we start. */
void notify_open(struct notify *notify);
/* One datagram of these lines. */
void notify_send(const struct notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
