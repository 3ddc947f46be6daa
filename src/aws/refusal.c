/* SPDX-License-Identifier: ISC */
#include "aws/refusal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "json/json.h"

#define MESSAGE_MAX 256
#define SKEW_S 240 /* as the AWS SDKs have it; services take 300 to 900 */

/* Codes as the AWS SDKs sort them. */
static const struct {
	const char *code;
	enum aws_refusal refusal;
} codes[] = {
	{ "Throttling", AWS_THROTTLED },
	{ "ThrottlingException", AWS_THROTTLED },
	{ "ThrottledException", AWS_THROTTLED },
	{ "RequestThrottled", AWS_THROTTLED },
	{ "RequestThrottledException", AWS_THROTTLED },
	{ "TooManyRequestsException", AWS_THROTTLED },
	{ "ProvisionedThroughputExceededException", AWS_THROTTLED },
	{ "RequestLimitExceeded", AWS_THROTTLED },
	{ "BandwidthLimitExceeded", AWS_THROTTLED },
	{ "LimitExceededException", AWS_THROTTLED },
	{ "SlowDown", AWS_THROTTLED },
	{ "EC2ThrottledException", AWS_THROTTLED },
	{ "TransactionInProgressException", AWS_THROTTLED },
	{ "PriorRequestNotComplete", AWS_THROTTLED },
	{ "InternalServiceError", AWS_TRANSIENT },
	{ "InternalServiceErrorException", AWS_TRANSIENT },
	{ "InternalFailure", AWS_TRANSIENT },
	{ "ServiceUnavailable", AWS_TRANSIENT },
	{ "RequestTimeout", AWS_TRANSIENT },
	{ "RequestTimeoutException", AWS_TRANSIENT },
	{ "AccessDenied", AWS_DENIED },
	{ "AccessDeniedException", AWS_DENIED },
	{ "NotAuthorized", AWS_DENIED },
	{ "OptInRequired", AWS_DENIED },
	{ "UnauthorizedOperation", AWS_DENIED },
	{ "UnrecognizedClientException", AWS_UNKNOWN_KEY },
	{ "InvalidClientTokenId", AWS_UNKNOWN_KEY },
	{ "InvalidAccessKeyId", AWS_UNKNOWN_KEY },
	{ "MissingAuthenticationToken", AWS_UNKNOWN_KEY },
	{ "MissingAuthenticationTokenException", AWS_UNKNOWN_KEY },
	{ "InvalidSignatureException", AWS_SIGNATURE },
	{ "SignatureDoesNotMatch", AWS_SIGNATURE },
	{ "IncompleteSignature", AWS_SIGNATURE },
	{ "IncompleteSignatureException", AWS_SIGNATURE },
	{ "RequestTimeTooSkewed", AWS_SIGNATURE },
	{ "RequestExpired", AWS_SIGNATURE },
	{ "ExpiredToken", AWS_EXPIRED },
	{ "ExpiredTokenException", AWS_EXPIRED },
	{ "ResourceNotFoundException", AWS_ABSENT },
	{ "InvalidRequestException", AWS_UNUSABLE },
	{ "DecryptionFailure", AWS_UNDECIPHERABLE },
	{ "QueueDoesNotExist", AWS_NO_QUEUE },
	{ "InvalidAddress", AWS_NO_QUEUE },
	{ "OverLimit", AWS_THROTTLED },
	{ "KmsThrottled", AWS_THROTTLED },
	{ "KmsAccessDenied", AWS_DENIED },
};

enum aws_refusal aws_refusal_of(const char *code, long status)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].refusal;
	if (status == 429)
		return AWS_THROTTLED;
	if (status >= 500)
		return AWS_TRANSIENT;
	return !*code && (status == 401 || status == 403) ? AWS_DENIED : AWS_OTHER;
}

/* "namespace#Code:http://..." has the code between; what does not look like one is none. */
static void code_take(const char *text, char code[static 80])
{
	const char *whole = text ? text : "", *hash = strrchr(whole, '#'), *begin = hash ? hash + 1 : whole;
	size_t size;

	size = strspn(begin, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._");
	if (size >= 80 || (begin[size] && begin[size] != ':'))
		size = 0;
	memcpy(code, begin, size);
	code[size] = '\0';
}

/* The word that follows `before` in the text; "" where there is none. */
static void word_take(const char *text, const char *before, char *word, size_t capacity)
{
	const char *begin = strstr(text, before);
	size_t size;

	begin = begin ? begin + strlen(before) : "";
	size = strcspn(begin, " \t\r\n");
	if (size >= capacity)
		size = 0;
	memcpy(word, begin, size);
	word[size] = '\0';
}

/* The policy that does not allow it, where that is not one of the identity's own. */
static const char *policy_named_in(const struct aws_asked *asked, const char *message)
{
	static const struct {
		const char *text, *policy;
	} policies[] = {
		{ "VPC endpoint policy", ", in the policy of the VPC endpoint" },
		{ "service control policy", ", in the organization's service control policies" },
		{ "resource control policy", ", in the organization's resource control policies" },
		{ "permissions boundary", ", in the permissions boundary" },
		{ "session policy", ", in the session's policy" },
	};

	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		if (strstr(message, policies[i].text))
			return policies[i].policy;
	if (!strstr(message, "resource-based policy"))
		return "";
	return strcmp(asked->service, "sqs") == 0 ? ", in the policy of the queue itself"
						  : ", in the policy of the secret itself";
}

/* What is not allowed, and on what: in the service's own words, else as it follows from what was asked for. */
static void refusal_advise_denied(const struct aws_asked *asked, const char *message, struct atomicdir_error *error)
{
	char action[128], resource[640];
	const char *verb = strstr(message, "explicit deny") ? "take away the explicit deny of" : "allow";

	word_take(message, "to perform: ", action, sizeof(action));
	word_take(message, "on resource: ", resource, sizeof(resource));
	if (!action[0] && (strstr(message, "KMS") || strstr(message, "master key")))
		error_append(error, "%s kms:Decrypt on the KMS key that encrypts it", verb);
	else if (action[0])
		error_append(error, "%s %s on %s%s", verb, action, resource[0] ? resource : asked->resource,
			     policy_named_in(asked, message));
	else
		error_append(error, "%s %s:%s on %s", verb, asked->service, asked->action, asked->resource);
	/* Of a secret that exists the service names the ARN. */
	if (resource[0] && strncmp(resource, "arn:", 4) != 0 && strcmp(resource, "*") != 0 && !strstr(message, "explicit deny"))
		error_append(error, "perhaps there is none of that name in %s", asked->region);
}

/* Emulators say it in other words than AWS: "currently marked deleted", "scheduled for deletion". */
static bool message_says_deleted(const char *message)
{
	return strcasestr(message, "marked") || strcasestr(message, "scheduled") ? strcasestr(message, "delet") : false;
}

/* What to do about it, where something is known. */
static void refusal_advise(const struct aws_asked *asked, enum aws_refusal refusal, const char *message, bool is_clock_off,
			   struct atomicdir_error *error)
{
	switch (refusal) {
	case AWS_DENIED:
		refusal_advise_denied(asked, message, error);
		break;
	case AWS_UNKNOWN_KEY:
		error_append(error, "AWS knows no such keys, or no such session token: check them");
		break;
	case AWS_SIGNATURE:
		error_append(error,
			     is_clock_off ? "if it is still refused then, check the secret access key and the region (%s)"
					  : "the secret access key or the region (%s) is wrong: check both",
			     asked->region);
		break;
	case AWS_EXPIRED:
		error_append(error, "these keys have expired: get new ones");
		break;
	case AWS_ABSENT:
		error_append(error, "check its name, stage or version, the region (%s) and the account", asked->region);
		break;
	case AWS_UNUSABLE:
		error_append(error, message_says_deleted(message)
					    ? "restore it (aws secretsmanager restore-secret), or take its entry out"
					    : "see its state (aws secretsmanager describe-secret)");
		break;
	case AWS_NO_QUEUE:
		error_append(error, "check the URL, the region (%s) and the account of the queue, or make it", asked->region);
		break;
	case AWS_UNDECIPHERABLE:
		error_append(
			error,
			"see which KMS key encrypts it (aws secretsmanager describe-secret), enable that, and allow kms:Decrypt "
			"on it");
		break;
	default:
		break;
	}
}

static int refusal_kind(enum aws_refusal refusal, const char *message)
{
	switch (refusal) {
	case AWS_THROTTLED:
	case AWS_TRANSIENT:
		return ATOMICDIR_UNREACHABLE;
	case AWS_DENIED:
	case AWS_UNKNOWN_KEY:
	case AWS_SIGNATURE:
	case AWS_EXPIRED:
		return ATOMICDIR_DENIED;
	case AWS_ABSENT:
	case AWS_NO_QUEUE:
		return ATOMICDIR_NOT_FOUND;
	case AWS_UNUSABLE:
		return message_says_deleted(message) ? ATOMICDIR_NOT_FOUND : ATOMICDIR_FAILED;
	default:
		return ATOMICDIR_FAILED;
	}
}

int aws_message_size(const char *message)
{
	size_t size = message ? strcspn(message, "\r\n") : 0;

	if (size > MESSAGE_MAX)
		size = MESSAGE_MAX;
	while (size && strchr(". ", message[size - 1]))
		size--;
	return (int)size;
}

/* What the service says of itself; "" where it is no help. */
static int refusal_message_size(enum aws_refusal refusal, const char *message)
{
	return refusal == AWS_UNKNOWN_KEY || refusal == AWS_SIGNATURE || refusal == AWS_EXPIRED ? 0 : aws_message_size(message);
}

/* What came, in words. `clock`: what is wrong with ours, which is the cause then; or "". */
struct refused {
	const char *code, *message, *request_id, *clock;
	long status;
};

static enum aws_refusal refusal_tell(const struct aws_asked *asked, const struct refused *refused,
				     struct atomicdir_error *error)
{
	const char *code = refused->code, *message = refused->message, *clock = refused->clock;
	enum aws_refusal refusal = aws_refusal_of(code, refused->status);
	int size = refusal_message_size(refusal, message);
	char http[32] = "";

	/* An error inside a 200 has a code, and that status says nothing. */
	if (refused->status != 200)
		snprintf(http, sizeof(http), "HTTP %ld, ", refused->status);
	error_set(error, refusal_kind(refusal, message), NULL, "%s%s%s: %s%s%srequest %s%s%.*s", clock, *clock ? "; " : "",
		  asked->operation, code, code[0] ? ", " : "", http, *refused->request_id ? refused->request_id : "unknown",
		  size ? ": " : "", size, message);
	error_prefix(error, "%s", asked->secret);
	if (code[0])
		refusal_advise(asked, refusal, message, *clock, error);
	else
		error_append(error, "is a proxy in the way?");
	if (error->kind == ATOMICDIR_DENIED || refusal == AWS_UNDECIPHERABLE)
		error_append(error, "asked with the keys from %s", asked->keys);
	return refusal;
}

/* ---- The clock ---- */

/* A clock that is off is the cause more often than a wrong key. */
static bool clock_is_off(const struct http_reply *reply, enum aws_refusal refusal)
{
	int64_t off_s = reply->skew_s - reply->corrected_s;

	return refusal == AWS_SIGNATURE && reply->skew_s && (off_s >= SKEW_S || off_s <= -SKEW_S);
}

const char *aws_describe_clock(const struct http_reply *reply, enum aws_refusal refusal, char text[static AWS_CLOCK_MAX])
{
	int64_t skew_s = reply->skew_s;

	text[0] = '\0';
	if (clock_is_off(reply, refusal))
		snprintf(text, AWS_CLOCK_MAX, "the clock here is %" PRId64 " minutes %s the server's: set it",
			 ((skew_s < 0 ? -skew_s : skew_s) + 30) / 60, skew_s < 0 ? "ahead of" : "behind");
	return text;
}

bool aws_set_clock(struct http *http, const struct http_reply *reply, enum aws_refusal refusal)
{
	return clock_is_off(reply, refusal) && http_set_clock(http, reply);
}

/* ---- All of it ---- */

enum aws_refusal aws_refuse(const struct aws_asked *asked, const struct http_reply *reply, struct atomicdir_error *error)
{
	const char *why, *message;
	cleanup_json struct json *json = json_parse(reply->body.bytes ? reply->body.bytes : "", reply->body.size, &why);
	struct refused refused = { .status = reply->status, .request_id = reply->request_id };
	char code[80], clock[AWS_CLOCK_MAX];

	code_take(reply->error_type[0] ? reply->error_type : json_member_text(json, "__type"), code);
	if (!code[0])
		code_take(json_member_text(json, "code"), code);
	message = json_member_text(json, "message");
	message = message ? message : json_member_text(json, "Message");
	refused.code = code;
	refused.message = message ? message : "";
	refused.clock = aws_describe_clock(reply, aws_refusal_of(code, reply->status), clock);
	return refusal_tell(asked, &refused, error);
}

enum aws_refusal aws_refuse_one(const struct aws_asked *asked, const char *code, const char *message, const char *request_id,
				struct atomicdir_error *error)
{
	char known[80];
	struct refused refused = { known, message, request_id, "", 200 };

	code_take(code, known);
	return refusal_tell(asked, &refused, error);
}
