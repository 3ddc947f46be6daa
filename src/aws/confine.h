/* SPDX-License-Identifier: ISC
 *
 * Confines a program that uses http.h (sandbox/sandbox.h) to what its requests need.
 */
#ifndef AWS_CONFINE_H
#define AWS_CONFINE_H

#include <stddef.h>

#include <atomicdir.h>

/* From now on the program can connect only to the ports of these URLs, of HTTPS, of DNS and of the environment's proxies, and read
 * only the CA bundle and the system's files for TLS and names. A URL and the bundle may be NULL. Call this once, before http_new().
 * `answer_fd` is sandbox_enter()'s. */
int aws_confine(const char *ca_bundle, const char *const *urls, size_t count, int answer_fd, struct atomicdir_error *error);

#endif
