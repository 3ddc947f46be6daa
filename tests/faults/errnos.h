/* SPDX-License-Identifier: ISC
 *
 * Which call can fail with what: from the manual pages and from what file systems are known to say.
 */
#ifndef ERRNOS_H
#define ERRNOS_H

#include "tracer.h"

#define ERRNOS_MAX 9

/* Fills `errnos`, ended by 0. Calls that cannot fail, or whose failing nobody could notice, have none. */
void errnos_of(const struct call *call, int errnos[ERRNOS_MAX]);
/* The kind of fault that a failing of this call is. */
enum fault_kind errnos_kind(const struct call *call);
/* It changes names, so that a network file system may have done it and say that it failed. */
bool errnos_can_lie(const struct call *call);
const char *errnos_name(const struct call *call, char text[32]);

#endif
