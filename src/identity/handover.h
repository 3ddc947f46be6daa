/* SPDX-License-Identifier: ISC
 *
 * What identity-aws finds out for secretdir: the keys and how AWS is asked go into the file of keys, which secretdir hands on unread;
 * secretdir itself is told about them (base/protocol.h).
 */
#ifndef IDENTITY_HANDOVER_H
#define IDENTITY_HANDOVER_H

#include <atomicdir.h>

/* The exit status. Errors are answers. */
int handover_run(int request_fd, int answer_fd, int keys_fd);

#endif
