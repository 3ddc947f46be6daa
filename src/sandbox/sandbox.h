/* SPDX-License-Identifier: ISC
 *
 * Confines a program of ours, for good, to what it needs: whoever takes it over by a hostile answer can do no more than that. A filter
 * of system calls (filter.h) and Landlock (landlock.h) refuse everything else with an errno, and never kill; all capabilities but
 * that to read go; no_new_privs is set. A kernel that lacks one of these is no error: secretdir is told what is not confined.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <atomicdir.h>

/* `struct sandbox sandbox = { 0 }` keeps the descriptors that are open, and nothing else: no file is opened, and no socket. */
struct sandbox {
	bool has_network; /* IPv4 and IPv6, and the system's files that names and TLS need */
	const int *ports; /* the TCP ports that are connected to */
	size_t port_count;
	const char *const
		*paths;	   /* with the network, what else is read: files, and directories with where their links lead to */
	size_t path_count; /* one may be NULL, or not be there */
};

/* To be called before the first thread, and before the first byte of a stranger is read. What this kernel cannot confine goes to
 * answer_fd, as fields WORD_UNCONFINED (base/protocol.h); -1: to nobody. -1: memory is out, or it cannot be told. */
int sandbox_enter(const struct sandbox *sandbox, int answer_fd, struct atomicdir_error *error);

#endif
