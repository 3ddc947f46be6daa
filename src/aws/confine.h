/* SPDX-License-Identifier: ISC
 *
 * Confines a program that uses http.h (sandbox/sandbox.h) to what its requests need.
 */
#ifndef AWS_CONFINE_H
#define AWS_CONFINE_H

#include <stddef.h>

#include <atomicdir.h>

/* From now on it connects to the ports of these URLs, of HTTPS and DNS, and of the proxies of the environment, and reads the CA bundle
 * and what the system has for TLS and names; a URL and the bundle may be NULL. To be called once, before http_new(). `answer_fd`: as
 * sandbox_enter() has it. */
int aws_confine(const char *ca_bundle, const char *const *urls, size_t count, int answer_fd, struct atomicdir_error *error);

#endif
