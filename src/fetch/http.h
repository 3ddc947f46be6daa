/* SPDX-License-Identifier: ISC
 *
 * HTTP requests, signed by libcurl; the one module that knows the network. One kept-alive connection for each host. It follows
 * no redirect, and checks certificates always.
 */
#ifndef FETCH_HTTP_H
#define FETCH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <atomicdir.h>

#include "base/buffer.h"

struct http;

struct http_request {
	const char *url, *body;
	const char *const *headers; /* "Name: value"; ends with NULL */
	const char *signature;	    /* "aws:amz:REGION:SERVICE" */
	const char *key_id, *key;
};

struct http_reply {
	long status;
	bool has_headers; /* all of them, up to the empty line */
	struct buffer body;
	char request_id[80], error_type[160]; /* x-amzn-RequestId, x-amzn-ErrorType; or "" */
	int64_t date;			      /* of the server's clock, in seconds since 1970; 0: not known */
	int64_t retry_after_ms;		      /* x-amz-retry-after; -1: none */
};

/* ca_bundle: a file, or a hashed directory; NULL: the system's. USAGE. */
struct http *http_new(const char *ca_bundle, struct atomicdir_error *error);
void http_free(struct http *http);

/* 1: answered, whatever the status; 0: not now, and another attempt may help (UNREACHABLE); -1: it cannot help. */
int http_post(struct http *http, const struct http_request *request, struct http_reply *reply, struct atomicdir_error *error);
void http_reply_clear(struct http_reply *reply);

#endif
