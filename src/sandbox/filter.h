/* SPDX-License-Identifier: ISC
 *
 * A filter of system calls for this process. It refuses what could change anything outside the process, and allows the rest: what a
 * C library, libcurl or OpenSSL calls in a later version works, or fails as on an older kernel.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <stdbool.h>

#include <atomicdir.h>

/* Without the network no file can be opened either. Returns 0; 1 if the kernel refuses the filter, with the errno in *why; -1 if
 * memory runs out. */
int filter_load(bool has_network, int *why, struct atomicdir_error *error);

#endif
