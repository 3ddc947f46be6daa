/* SPDX-License-Identifier: ISC
 *
 * Landlock: which files are read, and which ports connected to, by path and by number, which a filter of system calls cannot see.
 * Nothing is written, made or executed, no port is listened on, and no other process gets a signal, as far as the kernel knows of
 * these.
 */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include "sandbox/sandbox.h"

#define LANDLOCK_ABI_PORTS 4 /* Linux 6.7 */

/* The version that is in force from now on, 1 or more; -1 with errno: none is. */
int landlock_restrict(const struct sandbox *sandbox);

#endif
