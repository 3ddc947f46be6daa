/* SPDX-License-Identifier: ISC
 *
 * HTTP requests, signed by libcurl where asked; the one module that knows the network. Connections are kept alive from one request
 * to the next. It follows no redirect, and checks certificates always.
 */
#ifndef AWS_HTTP_H
#define AWS_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <atomicdir.h>

#include "base/buffer.h"

struct http;

struct http_request {
	const char *url;
	const char *method;	    /* NULL: POST where there is a body, else GET */
	const char *body;	    /* or NULL */
	const char *const *headers; /* "Name: value"; ends with NULL; or NULL */
	const char *signature;	    /* "aws:amz:REGION:SERVICE"; NULL: not signed */
	const char *key_id, *key;
	long timeout_ms;  /* in all; 0: as long as a service may take */
	bool is_metadata; /* a machine's own service: never through a proxy */
};

struct http_reply {
	long status;
	bool has_headers; /* all of them, up to the empty line */
	struct buffer body;
	char request_id[80], error_type[160]; /* x-amzn-RequestId, x-amzn-ErrorType; or "" */
	int64_t skew_s;			      /* how far the server's clock is ahead of ours; 0: not, or not known */
	int64_t corrected_s;		      /* how much of that its request's signature was dated with */
	int64_t retry_after_ms;		      /* x-amz-retry-after; -1: none */
};

/* ca_bundle: a file, or a hashed directory; NULL: the system's. USAGE. */
struct http *http_new(const char *ca_bundle, struct atomicdir_error *error);
void http_free(struct http *http);

struct http_exchange {
	struct http_request request;
	struct http_reply reply; /* the caller's to clear */
	int result; /* 1: answered, whatever the status; 0: not now, and another attempt may help (UNREACHABLE); -1: it cannot */
	struct atomicdir_error error;
};

/* All of them, at most eight connections to one host at a time; once it has answered over HTTP/2, a hundred requests at once over as
 * few of them as will do. */
void http_run(struct http *http, struct http_exchange *exchanges, size_t count);
/* Just one; gives its result. */
int http_send(struct http *http, const struct http_request *request, struct http_reply *reply, struct atomicdir_error *error);
/* Opens a connection that a later request will find open, until there is something to read at that descriptor; what is not finished
 * then goes on beside the requests. Whether it comes to anything does not matter. */
void http_open_ahead(struct http *http, const char *url, int until_fd);
void http_reply_clear(struct http_reply *reply);
/* Signatures are dated by the clock of the server that replied, from now on. false: this one's request was dated by a server's
 * already, or libcurl is older than 8.3, which would send two dates. */
bool http_set_clock(struct http *http, const struct http_reply *reply);
/* How many seconds that clock is ahead of ours, for another process to begin with; 0: signatures are dated by ours. */
int64_t http_skew_s(const struct http *http);
void http_set_skew_s(struct http *http, int64_t skew_s);

#endif
