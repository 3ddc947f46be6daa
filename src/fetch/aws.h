/* SPDX-License-Identifier: ISC
 *
 * Calls of AWS services that speak JSON 1.1: where it is, and what to do again.
 */
#ifndef FETCH_AWS_H
#define FETCH_AWS_H

#include "fetch/credentials.h"
#include "fetch/http.h"
#include "fetch/json.h"
#include "fetch/request.h"

struct aws {
	struct http *http;
	struct credentials credentials;
	char *region, *endpoint; /* or NULL */
	int attempts_max;
};

struct aws_call {
	const char *operation; /* "GetSecretValue" */
	const char *body;
	const char *secret; /* for errors; an ARN's region is where it is */
};

int aws_init(struct aws *aws, const struct request *request, struct atomicdir_error *error);
void aws_clear(struct aws *aws);

/* The answer, which is an object; NULL after all attempts. Kinds UNREACHABLE, DENIED, NOT_FOUND, USAGE, FAILED. */
struct json *aws_call(struct aws *aws, const struct aws_call *call, struct atomicdir_error *error);

#endif
