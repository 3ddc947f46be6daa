/* SPDX-License-Identifier: ISC */
#include "fetch/aws_error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"

#define SKEW_S 240

enum what { OTHER, THROTTLED, TRANSIENT, DENIED, UNKNOWN_KEY, SIGNATURE, EXPIRED, ABSENT, UNUSABLE, UNDECIPHERABLE };

/* Codes as the AWS SDKs sort them. */
static const struct {
	const char *code;
	enum what what;
} codes[] = {
    {"Throttling", THROTTLED},
    {"ThrottlingException", THROTTLED},
    {"ThrottledException", THROTTLED},
    {"RequestThrottled", THROTTLED},
    {"RequestThrottledException", THROTTLED},
    {"TooManyRequestsException", THROTTLED},
    {"ProvisionedThroughputExceededException", THROTTLED},
    {"RequestLimitExceeded", THROTTLED},
    {"BandwidthLimitExceeded", THROTTLED},
    {"LimitExceededException", THROTTLED},
    {"SlowDown", THROTTLED},
    {"EC2ThrottledException", THROTTLED},
    {"TransactionInProgressException", THROTTLED},
    {"PriorRequestNotComplete", THROTTLED},
    {"InternalServiceError", TRANSIENT},
    {"InternalServiceErrorException", TRANSIENT},
    {"InternalFailure", TRANSIENT},
    {"ServiceUnavailable", TRANSIENT},
    {"RequestTimeout", TRANSIENT},
    {"RequestTimeoutException", TRANSIENT},
    {"AccessDenied", DENIED},
    {"AccessDeniedException", DENIED},
    {"NotAuthorized", DENIED},
    {"OptInRequired", DENIED},
    {"UnauthorizedOperation", DENIED},
    {"UnrecognizedClientException", UNKNOWN_KEY},
    {"InvalidClientTokenId", UNKNOWN_KEY},
    {"InvalidAccessKeyId", UNKNOWN_KEY},
    {"MissingAuthenticationToken", UNKNOWN_KEY},
    {"MissingAuthenticationTokenException", UNKNOWN_KEY},
    {"InvalidSignatureException", SIGNATURE},
    {"SignatureDoesNotMatch", SIGNATURE},
    {"IncompleteSignature", SIGNATURE},
    {"IncompleteSignatureException", SIGNATURE},
    {"RequestTimeTooSkewed", SIGNATURE},
    {"RequestExpired", SIGNATURE},
    {"ExpiredToken", EXPIRED},
    {"ExpiredTokenException", EXPIRED},
    {"ResourceNotFoundException", ABSENT},
    {"InvalidRequestException", UNUSABLE},
    {"DecryptionFailure", UNDECIPHERABLE},
};

static enum what look_up(const char *code, long status)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].what;
	if (status == 429)
		return THROTTLED;
	if (status >= 500)
		return TRANSIENT;
	return !*code && (status == 401 || status == 403) ? DENIED : OTHER;
}

/* "namespace#Code:http://..." has the code between; what does not look like one is none. */
static void take_code(const char *text, char code[static 80])
{
	const char *begin = text ? strrchr(text, '#') : NULL;
	size_t size;

	begin = begin ? begin + 1 : text ? text : "";
	size = strspn(begin, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._");
	if (size >= 80 || (begin[size] && begin[size] != ':'))
		size = 0;
	memcpy(code, begin, size);
	code[size] = '\0';
}

/* Says what to do about it; "" where nothing is known. */
static const char *advice(enum what what, const char *message, const char *operation)
{
	bool is_list = strcmp(operation, "ListSecrets") == 0;

	switch (what) {
	case DENIED:
		return strstr(message, "KMS") ? "allow kms:Decrypt on its key"
		       : is_list	      ? "allow secretsmanager:ListSecrets on *"
					      : "allow secretsmanager:GetSecretValue on it";
	case UNKNOWN_KEY:
		return "check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN";
	case SIGNATURE:
		return "check AWS_SECRET_ACCESS_KEY, and the region";
	case EXPIRED:
		return "the credentials are too old: get new ones";
	case ABSENT:
		return "check its name, stage or version, the region and the account";
	case UNUSABLE:
		return strstr(message, "deletion") ? "restore it (aws secretsmanager restore-secret), or take its entry out"
						   : "";
	case UNDECIPHERABLE:
		return "check its KMS key, and the right to use it";
	default:
		return "";
	}
}

static int kind_of(enum what what, const char *message)
{
	switch (what) {
	case THROTTLED:
	case TRANSIENT:
		return ATOMICDIR_UNREACHABLE;
	case DENIED:
	case UNKNOWN_KEY:
	case SIGNATURE:
	case EXPIRED:
		return ATOMICDIR_DENIED;
	case ABSENT:
		return ATOMICDIR_NOT_FOUND;
	case UNUSABLE:
		return strstr(message, "marked for deletion") ? ATOMICDIR_NOT_FOUND : ATOMICDIR_FAILED;
	default:
		return ATOMICDIR_FAILED;
	}
}

/* A clock that is off is the cause more often than a wrong key. */
static void tell_skew(const struct http_reply *reply, enum what what, struct atomicdir_error *error)
{
	int64_t skew = reply->date ? reply->date - (int64_t)time(NULL) : 0;

	if ((what != SIGNATURE && what != EXPIRED) || (skew < SKEW_S && skew > -SKEW_S))
		return;
	error_append(error, "the clock here is %" PRId64 " minutes %s the server's: set it", (skew < 0 ? -skew : skew) / 60,
		     skew < 0 ? "ahead of" : "behind");
}

/* What the service says of itself, without the full stop; "" where it is no help. */
static int message_size(enum what what, const char *message)
{
	int size = (int)strnlen(message, 160);

	if (what == UNKNOWN_KEY || what == SIGNATURE || what == EXPIRED)
		return 0;
	while (size && strchr(". ", message[size - 1]))
		size--;
	return size;
}

int aws_error(const struct http_reply *reply, const struct aws_call *call, bool *is_throttled, struct atomicdir_error *error)
{
	const char *why, *message, *told;
	cleanup_json struct json *json = json_parse(reply->body.bytes ? reply->body.bytes : "", reply->body.size, &why);
	char code[80];
	enum what what;
	int size;

	take_code(reply->error_type[0] ? reply->error_type : json_member_text(json, "__type"), code);
	if (!code[0])
		take_code(json_member_text(json, "code"), code);
	message = json_member_text(json, "message");
	message = message ? message : json_member_text(json, "Message");
	message = message ? message : "";
	what = look_up(code, reply->status);
	told = code[0] ? advice(what, message, call->operation) : "is a proxy in the way?";
	size = message_size(what, message);
	error_set(error, kind_of(what, message), NULL, "%s: %s%sHTTP %ld, request %s%s%.*s%s%s", call->operation, code,
		  code[0] ? ", " : "", reply->status, reply->request_id[0] ? reply->request_id : "unknown", size ? ": " : "",
		  size, message, *told ? "; " : "", told);
	error_prefix(error, "%s", call->secret);
	tell_skew(reply, what, error);
	*is_throttled = what == THROTTLED;
	return what == THROTTLED || what == TRANSIENT ? 0 : -1;
}
