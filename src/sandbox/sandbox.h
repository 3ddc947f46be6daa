/* SPDX-License-Identifier: ISC
 *
 * Confines the calling program, for good, to what it needs, so that whoever takes it over by a hostile answer can do no more than
 * that. A filter of system calls (filter.h) and Landlock (landlock.h) refuse everything else with an errno; they never kill.
 * no_new_privs is set, and all capabilities are dropped but the one to read any file, which is kept only with the network. A kernel
 * that cannot do all of this is no error: secretdir is told what is not confined.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <atomicdir.h>

/* `struct sandbox sandbox = { 0 }` leaves only the descriptors that are open: no file and no socket can be opened. */
struct sandbox {
	bool has_network; /* IPv4 and IPv6, and the system's files that names and TLS need */
	const int *ports; /* the TCP ports that it may connect to */
	size_t port_count;
	const char *const *
		paths; /* what else it may read, with the network: files, directories and the files that links in these lead to */
	size_t path_count; /* a path may be NULL, or not exist */
};

/* Call this before the first thread starts and before any untrusted byte is read. What this kernel cannot confine is written to
 * answer_fd as fields WORD_UNCONFINED (base/protocol.h), unless that is -1. Returns -1 if memory runs out or the write fails. */
int sandbox_enter(const struct sandbox *sandbox, int answer_fd, struct atomicdir_error *error);

#endif
