/* SPDX-License-Identifier: ISC
 *
 * A filter of system calls, for all that this process does from now on. It refuses what could change something outside, and lets all
 * else pass: whatever a C library, libcurl or OpenSSL comes to call one day answers as before, or as on an older kernel.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <stdbool.h>

#include <atomicdir.h>

/* Without the network no file can be opened either. 0; 1: the kernel refuses it, with this errno; -1: memory is out. */
int filter_load(bool has_network, int *why, struct atomicdir_error *error);

#endif
