/* SPDX-License-Identifier: ISC
 *
 * Landlock limits what a filter of system calls cannot see: the files that may be read, by path, and the TCP ports that may be
 * connected to. It also refuses to write, create and execute files, to bind ports and to signal other processes, as far as the
 * kernel's version of it can.
 */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include "sandbox/sandbox.h"

#define LANDLOCK_ABI_PORTS 4 /* Linux 6.7 */

/* Returns the version of Landlock that is in force from now on, 1 or more; -1 with errno if none is. */
int landlock_restrict(const struct sandbox *sandbox);

#endif
