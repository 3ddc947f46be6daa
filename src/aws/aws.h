/* SPDX-License-Identifier: ISC
 *
 * Calls of AWS services that speak JSON: where they are, who asks, and what to do again. Many calls are under way at once, and share
 * connections, credentials and the quota of retries.
 */
#ifndef AWS_AWS_H
#define AWS_AWS_H

#include "aws/credentials.h"
#include "aws/http.h"
#include "aws/refusal.h"
#include "aws/retry.h"
#include "aws/settings.h"
#include "base/json_write.h"
#include "json/json.h"

/* Where keys that have expired may be had anew. `region`: where calls go now, if that is not where they went at first; else NULL.
 * -1: there are no others, and why is the error. */
typedef int (*aws_renew_fn)(void *context, const char *region, struct credentials *fresh, struct atomicdir_error *error);

struct aws {
	struct http *http;
	struct aws_settings settings; /* first_region: NULL until aws_go_over() */
	struct credentials credentials;
	aws_renew_fn renew; /* or NULL */
	void *renew_context;
	struct retry retry;
	const char *failover_region; /* or NULL */
	struct atomicdir_error why;  /* why the first region is not asked any more, or need not be */
	bool are_keys_kept;	     /* since an earlier time: that they may do nothing can be their fault */
	bool is_renewed, is_unreachable, is_throttled;
};

struct aws_call {
	enum aws_service service;
	const char *operation; /* "GetSecretValue" */
	const char *id;	       /* an ARN's region is where it is asked */
	const char *secret;    /* for errors */
	const char *action;    /* what must be allowed; NULL: the operation */
	const char *resource;  /* and on what; NULL: the id */
	long timeout_ms;       /* as struct http_request has it */
	bool is_dispensable;   /* if it is denied there is another way: that is no reason to ask for other keys */
	struct buffer body;
	/* What came of it. */
	const char *keys;    /* for errors: where those are from that signed it */
	char region[64];     /* where it was asked */
	struct json *answer; /* an object; NULL: *error says why not. Kinds UNREACHABLE, DENIED, NOT_FOUND, USAGE, FAILED */
	enum aws_refusal refusal;
	char request_id[80];
	struct atomicdir_error error;
	/* Meanwhile. */
	bool is_pending, is_late; /* late: by a clock that is now set */
	bool is_unanswered;
	int cost; /* of its last attempt */
	int64_t retry_after_ms;
};

/* The texts of the settings, and the failover region, stay the caller's. USAGE. */
int aws_init(struct aws *aws, const struct aws_settings *settings, const char *failover_region, struct atomicdir_error *error);
/* Other regions and endpoints than those that it was opened with. */
void aws_set(struct aws *aws, const struct aws_settings *settings);
void aws_clear(struct aws *aws);

void aws_run(struct aws *aws, struct aws_call *calls, size_t count);
void aws_call_clear(struct aws_call *call);

/* From now on the other region is asked, if there is one. */
bool aws_go_over(struct aws *aws);
/* Likewise, but only if the first one's servers did not answer, or not well. */
bool aws_fail_over(struct aws *aws);
/* The ARN of a secret of the first region as it is where it is asked now: replicas differ in nothing else. Others, and names, as
 * they are. On the heap. */
char *aws_local_id(const struct aws *aws, const char *id);

/* A member of a request; none where the value is "". */
void aws_write_member(struct json_writer *json, const char *name, const char *value);
/* NULL: there is none, or it is null. */
const struct json *aws_member(const struct json *object, const char *name);

/* An answer's list names what it is of in a way of its own, and in any order. */
typedef bool (*aws_is_of)(const struct json *one, const char *id);
/* NULL: none is of this id, or there is no list. */
const struct json *aws_find(const struct json *list, const char *id, aws_is_of is_of);
bool aws_is_any_unasked(const struct json *list, char *const *ids, size_t count, aws_is_of is_of);

#endif
