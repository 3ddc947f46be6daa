/* SPDX-License-Identifier: ISC
 *
 * Whom AWS takes us for. Each place where credentials may be configured is a provider, and they are asked in the AWS CLI's order. The
 * first in which something is configured decides: where it fails, that is the end, and no other identity is taken instead.
 */
#ifndef FETCH_CREDENTIALS_H
#define FETCH_CREDENTIALS_H

#include <stdint.h>

#include "base/buffer.h"
#include "fetch/http.h"
#include "fetch/request.h"

struct credentials {
	struct buffer key_id, key, token;   /* token: empty where they are for ever */
	int64_t expires;                    /* seconds since 1970; 0: not known, or never */
	bool is_fixed;                      /* asking again gives no others */
	char from[160];                     /* where they are from, for errors */
};

/* What providers look at, and what they ask with. */
struct credentials_context {
	const struct request *request;
	struct http *http;
};

/* 1: here they are; 0: nothing is configured here; -1: something is, and it does not work. */
typedef int (*credentials_provider)(const struct credentials_context *context, struct credentials *credentials,
				    struct atomicdir_error *error);
int credentials_from_environment(const struct credentials_context *context, struct credentials *credentials,
				 struct atomicdir_error *error);

/* 0; -1: DENIED, UNREACHABLE, USAGE. What was there before is wiped. */
int credentials_get(const struct credentials_context *context, struct credentials *credentials, struct atomicdir_error *error);
void credentials_clear(struct credentials *credentials);

#endif
