/* SPDX-License-Identifier: ISC
 *
 * Asking those who give out credentials: again where that may help, and what they said when they refused.
 */
#ifndef IDENTITY_ASK_H
#define IDENTITY_ASK_H

#include "aws/http.h"
#include "aws/settings.h"
#include "json/json.h"

/* Who asks, and how. */
struct asker {
	struct http *http;
	struct aws_settings settings;
};

/* A service of AWS, as often and in such intervals as its SDKs do (retry.h). 1: answered, whatever the status; 0: not reached, in all
 * of its attempts; -1: it cannot be. */
int ask_service(const struct asker *asker, const struct http_request *request, struct http_reply *reply,
		struct atomicdir_error *error);
/* A service of this machine's, in intervals that grow from this one; -1 for both. */
int ask_machine(struct http *http, const struct http_request *request, int attempts, long pause_ms, struct http_reply *reply,
		struct atomicdir_error *error);

/* The code of a refusal, as printf's "%s%.*s" takes it: after a space, where there is one. */
#define ASK_CODE(reply) *(reply)->error_type ? " " : "", (int)strcspn((reply)->error_type, ":"), (reply)->error_type

/* A refusal that will pass: the server's own fault, or throttling, by its status or its code. */
bool ask_is_passing(const struct http_reply *reply);

/* The object that the answer is; NULL: it is none. */
struct json *ask_take_object(const struct http_reply *reply);

#endif
