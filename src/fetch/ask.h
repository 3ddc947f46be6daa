/* SPDX-License-Identifier: ISC
 *
 * Asking those who give out credentials: again where that may help, and what they said when they refused.
 */
#ifndef FETCH_ASK_H
#define FETCH_ASK_H

#include "fetch/http.h"
#include "fetch/json.h"

/* 1: answered, whatever the status; -1: not after so many attempts, or never. */
int ask(struct http *http, const struct http_request *request, int attempts, long pause_ms, struct http_reply *reply,
	struct atomicdir_error *error);

/* How many a service of AWS is worth. */
int ask_attempts(void);
/* The code of a refusal, as printf's "%.*s" takes it. */
#define ASK_CODE(reply) (int)strcspn((reply)->error_type, ":"), (reply)->error_type

/* The object that the answer is; NULL: it is none. */
struct json *ask_take_object(const struct http_reply *reply);

/* Adds "&NAME=VALUE", encoded; without '&' where it is the first. -1 with ENOMEM. */
int form_add(struct buffer *form, const char *name, const char *value);

#endif
