/* SPDX-License-Identifier: ISC */
#include "identity/sts.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/refusal.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/moment.h"
#include "identity/form.h"
#include "identity/keys.h"

/* ---- The answer ---- */

struct answer {
	struct buffer key_id, key, token, expiration, code, message, *open; /* open: what text goes to */
	bool is_failed;
};

static void answer_clear(struct answer *answer)
{
	buffer_clear(&answer->key_id);
	buffer_clear(&answer->key);
	buffer_clear(&answer->token);
	buffer_clear(&answer->expiration);
	buffer_clear(&answer->code);
	buffer_clear(&answer->message);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct answer *answer = context;
	const struct {
		const char *name;
		struct buffer *buffer;
	} parts[] = {
		{ "AccessKeyId", &answer->key_id },    { "SecretAccessKey", &answer->key }, { "SessionToken", &answer->token },
		{ "Expiration", &answer->expiration }, { "Code", &answer->code },	    { "Message", &answer->message },
	};

	(void)attributes;
	answer->open = NULL;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strcmp(parts[i].name, name) == 0) {
			answer->open = parts[i].buffer;
			/* A second one is not the first one's end. */
			answer->is_failed |= answer->open->size > 0;
		}
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	(void)name;
	((struct answer *)context)->open = NULL;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int size)
{
	struct answer *answer = context;

	if (answer->open && buffer_add(answer->open, text, (size_t)size) < 0)
		answer->is_failed = true;
}

/* Entities that would grow without end are refused by expat itself. */
static bool answer_parse(const struct http_reply *reply, struct answer *answer)
{
	static const XML_Memory_Handling_Suite memory = { wiping_malloc, wiping_realloc, wiping_free };
	XML_Parser parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	bool is_whole;

	if (!parser)
		return false;
	XML_SetUserData(parser, answer);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	is_whole = XML_Parse(parser, reply->body.bytes ? reply->body.bytes : "", (int)reply->body.size, 1) == XML_STATUS_OK;
	XML_ParserFree(parser);
	return is_whole && !answer->is_failed;
}

static int answer_take(const struct answer *answer, struct credentials *credentials, struct atomicdir_error *error)
{
	if (!answer->key_id.size || !answer->key.size || !answer->token.size || !answer->expiration.size)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the answer has no credentials; is a proxy in the way?");
	credentials->expires = moment_parse(answer->expiration.bytes);
	if (credentials->expires < 0 || credentials_refuse_text(answer->key_id.bytes) ||
	    credentials_refuse_text(answer->key.bytes) || credentials_refuse_text(answer->token.bytes))
		return error_set(error, ATOMICDIR_FAILED, NULL,
				 "the answer's credentials cannot be read; is a proxy in the way?");
	return buffer_add(&credentials->key_id, answer->key_id.bytes, answer->key_id.size) < 0 ||
			       buffer_add(&credentials->key, answer->key.bytes, answer->key.size) < 0 ||
			       buffer_add(&credentials->token, answer->token.bytes, answer->token.size) < 0
		       ? error_errno(error, NULL, "cannot take the keys")
		       : 0;
}

/* ---- What a refusal means ---- */

struct sts {
	const char *operation;
	const char *denied; /* what to do then */
	bool is_signed;
};

static const struct {
	const char *code, *advice;
} advices[] = {
	{ "InvalidClientTokenId", "these keys are not known: check them" },
	{ "SignatureDoesNotMatch", "check that these keys go together" },
	{ "ExpiredToken", "these credentials have expired: get new ones" },
	{ "ExpiredTokenException", "the token has expired: is somebody renewing its file?" },
	{ "InvalidIdentityToken", "check the identity provider, and the token's audience" },
	{ "IDPRejectedClaim", "check the identity provider, and the token's audience" },
	{ "RegionDisabledException", "turn STS on in this region, or say another" },
};

/* 0: it was for the clock, which is set now; else -1. */
static int sts_refuse(struct http *http, const struct sts *sts, const struct http_reply *reply, const struct answer *answer,
		      struct atomicdir_error *error)
{
	const char *code = answer->code.size ? answer->code.bytes : "no code; is a proxy in the way?";
	bool is_passing = reply->status >= 500 || reply->status == 429 || strstr(code, "Throttl") || strstr(code, "IDPComm");
	enum aws_refusal refusal = aws_refusal_of(code, reply->status);
	const char *advice = strcmp(code, "AccessDenied") == 0 ? sts->denied : "",
		   *message = answer->message.size ? answer->message.bytes : "";
	char clock[AWS_CLOCK_MAX];

	aws_describe_clock(reply, refusal, clock);
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (!is_passing && !*clock && strcmp(code, advices[i].code) == 0)
			advice = advices[i].advice;
	error_set(error, is_passing ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL, "%s%sHTTP %ld, %.80s%s%.*s%s%s", clock,
		  *clock ? "; " : "", reply->status, code, *message ? ": " : "", aws_message_size(message), message,
		  *advice ? "; " : "", advice);
	return aws_set_clock(http, reply, refusal) ? 0 : -1;
}

/* ---- One call ---- */

static int sts_make_form(const struct sts *sts, const struct record *question, struct buffer *form)
{
	const char *session = record_text(question, WORD_ROLE_SESSION);
	const struct {
		const char *name, *value;
	} parts[] = {
		{ "Action", sts->operation },
		{ "Version", "2011-06-15" },
		{ "RoleArn", record_text(question, WORD_ROLE_ARN) },
		{ "RoleSessionName", session ? session : "secretdir" },
		{ "ExternalId", record_text(question, WORD_EXTERNAL_ID) },
		{ "DurationSeconds", record_text(question, WORD_DURATION) },
		{ "WebIdentityToken", record_text(question, WORD_WEB_TOKEN) },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].value && form_add(form, parts[i].name, parts[i].value) < 0)
			return -1;
	return 0;
}

/* As ask_service(). */
static int sts_send(const struct asker *asker, const struct sts *sts, const struct record *question, struct http_reply *reply,
		    struct atomicdir_error *error)
{
	cleanup_buffer struct buffer form = { 0 }, token = { 0 }, signature = { 0 };
	const char *headers[] = { "Content-Type: application/x-www-form-urlencoded; charset=utf-8", NULL, NULL };
	const char *region = record_text(question, WORD_SIGNING_REGION), *session = record_text(question, WORD_TOKEN);
	struct http_request request = { .url = record_text(question, WORD_URL), .headers = headers };

	if (sts_make_form(sts, question, &form) < 0 || buffer_printf(&signature, "aws:amz:%s:sts", region ? region : "") < 0 ||
	    (session && buffer_printf(&token, "X-Amz-Security-Token: %s", session) < 0))
		return error_errno(error, NULL, "cannot ask");
	headers[1] = token.bytes;
	request.body = form.bytes;
	if (sts->is_signed) {
		request.signature = signature.bytes;
		request.key_id = record_text(question, WORD_KEY_ID);
		request.key = record_text(question, WORD_SECRET_KEY);
	}
	return ask_service(asker, &request, reply, error);
}

/* 1; 0: it can be asked again, with the server's clock; -1. */
static int sts_try(const struct asker *asker, const struct sts *sts, const struct record *question,
		   struct credentials *credentials, bool *is_down, struct atomicdir_error *error)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup(answer_clear) struct answer answer = { 0 };
	int sent = sts_send(asker, sts, question, &reply, error);
	bool is_read;

	*is_down = sent == 0 || (sent > 0 && reply.status >= 500);
	if (sent <= 0)
		return -1;
	is_read = answer_parse(&reply, &answer);
	if (reply.status != 200)
		return sts_refuse(asker->http, sts, &reply, &answer, error);
	if (!is_read)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the answer is no XML of STS; is a proxy in the way?");
	return answer_take(&answer, credentials, error) < 0 ? -1 : 1;
}

static int sts_ask(const struct asker *asker, const struct sts *sts, const struct record *question, struct record *answer,
		   struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials credentials = { 0 };
	const char *arn = record_text(question, WORD_ROLE_ARN);
	bool is_down = false;
	int result = 0;

	if (!arn || !record_text(question, WORD_URL) || (sts->is_signed && !record_text(question, WORD_SECRET_KEY)))
		return error_set(error, ATOMICDIR_FAILED, NULL, "the question is not whole");
	snprintf(credentials.from, sizeof(credentials.from), "role %.150s", arn);
	while (result == 0)
		result = sts_try(asker, sts, question, &credentials, &is_down, error);
	if (is_down && record_add_text(answer, WORD_REGION_DOWN, "1") < 0)
		return error_errno(error, NULL, "cannot answer");
	if (result < 0)
		return -1;
	return credentials_add(&credentials, answer) < 0 ? error_errno(error, NULL, "cannot answer") : 1;
}

int sts_assume_role(const struct asker *asker, const struct record *question, struct record *answer,
		    struct atomicdir_error *error)
{
	static const struct sts sts = {
		.operation = "AssumeRole",
		.is_signed = true,
		.denied =
			"allow sts:AssumeRole on it to who asks, and let its trust policy name them (and the external id, if it "
			"wants one)",
	};

	return sts_ask(asker, &sts, question, answer, error);
}

int sts_assume_role_with_web_identity(const struct asker *asker, const struct record *question, struct record *answer,
				      struct atomicdir_error *error)
{
	static const struct sts sts = {
		.operation = "AssumeRoleWithWebIdentity",
		.denied = "let its trust policy allow sts:AssumeRoleWithWebIdentity to the token's issuer and subject",
	};

	return sts_ask(asker, &sts, question, answer, error);
}
