/* SPDX-License-Identifier: ISC
 *
 * What a refusal means, and what to do about it: of a whole call, or of one of the secrets that a call asked for.
 */
#ifndef AWS_REFUSAL_H
#define AWS_REFUSAL_H

#include "aws/http.h"

enum aws_refusal {
	AWS_NO_ANSWER, /* none, or none that can be read, and another attempt does not help */
	AWS_OTHER,
	AWS_TRANSIENT, /* no answer, or the server's own fault */
	AWS_THROTTLED,
	AWS_DENIED,
	AWS_UNKNOWN_KEY,
	AWS_SIGNATURE,
	AWS_EXPIRED,
	AWS_ABSENT,
	AWS_UNUSABLE,
	AWS_UNDECIPHERABLE,
	AWS_NO_QUEUE,
};

/* What was asked for. */
struct aws_asked {
	const char *service, *operation;
	const char *action;   /* what has to be allowed for it: "GetSecretValue" */
	const char *keys;     /* for errors: where those are from that signed */
	const char *region;   /* for errors */
	const char *secret;   /* for errors: the name or ARN, or words for many */
	const char *resource; /* what has to be allowed where the answer does not say it */
};

/* Of an answer that is not 200. */
enum aws_refusal aws_refuse(const struct aws_asked *asked, const struct http_reply *reply, struct atomicdir_error *error);
/* Of one secret, inside a 200. */
enum aws_refusal aws_refuse_one(const struct aws_asked *asked, const char *code, const char *message, const char *request_id,
				struct atomicdir_error *error);

/* How much of what a service says goes into an error, as "%.*s" takes it: its first line, without the full stop. Of NULL: 0. */
int aws_message_size(const char *message);

/* What a code means by itself. */
enum aws_refusal aws_refusal_of(const char *code, long status);

/* Was it refused for a clock that is off? How far ours is off, and what to do; else "". Whatever else is said comes after it. */
#define AWS_CLOCK_MAX 96
const char *aws_describe_clock(const struct http_reply *reply, enum aws_refusal refusal, char text[static AWS_CLOCK_MAX]);
/* Was it refused for that, and is all signed with the server's clock from now on, so that it can be asked again? */
bool aws_set_clock(struct http *http, const struct http_reply *reply, enum aws_refusal refusal);

#endif
