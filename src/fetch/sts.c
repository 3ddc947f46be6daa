/* SPDX-License-Identifier: ISC */
#include "fetch/sts.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/ask.h"
#include "fetch/aws_error.h"
#include "fetch/aws_place.h"
#include "base/moment.h"

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
static bool parse(const struct http_reply *reply, struct answer *answer)
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

static int take(const struct answer *answer, struct credentials *credentials, struct atomicdir_error *error)
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

struct call {
	const char *operation;
	const struct sts_role *role;
	const struct credentials *own; /* NULL: not signed */
	const char *token;	       /* or NULL */
	const char *denied;	       /* what to do then */
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
static int refuse(struct http *http, const struct call *call, const struct http_reply *reply, const struct answer *answer,
		  struct atomicdir_error *error)
{
	const char *code = answer->code.size ? answer->code.bytes : "no code; is a proxy in the way?";
	bool is_passing = reply->status >= 500 || reply->status == 429 || strstr(code, "Throttl") || strstr(code, "IDPComm");
	const char *advice = strcmp(code, "AccessDenied") == 0 ? call->denied : "",
		   *message = answer->message.size ? answer->message.bytes : "";

	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (!is_passing && strcmp(code, advices[i].code) == 0)
			advice = advices[i].advice;
	error_set(error, is_passing ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL, "HTTP %ld, %.80s%s%.*s%s%s",
		  reply->status, code, *message ? ": " : "", ask_message_size(message), message, *advice ? "; " : "", advice);
	return aws_set_clock(http, reply, aws_refusal_of(code, reply->status), error) ? 0 : -1;
}

/* ---- One call ---- */

static int make_form(const struct call *call, struct buffer *form)
{
	const struct sts_role *role = call->role;

	return form_add(form, "Action", call->operation) < 0 || form_add(form, "Version", "2011-06-15") < 0 ||
			       form_add(form, "RoleArn", role->arn) < 0 ||
			       form_add(form, "RoleSessionName", role->session ? role->session : "secretdir") < 0 ||
			       (role->external_id && form_add(form, "ExternalId", role->external_id) < 0) ||
			       (role->duration && form_add(form, "DurationSeconds", role->duration) < 0) ||
			       (call->token && form_add(form, "WebIdentityToken", call->token) < 0)
		       ? -1
		       : 0;
}

static int find_region(const struct credentials_context *context, char **region, struct atomicdir_error *error)
{
	if (!context->region)
		return aws_find_region(context->request, context->http, region, error);
	*region = strdup(context->region);
	return *region ? 0 : error_errno(error, NULL, "cannot ask");
}

/* As ask_service(). */
static int send(const struct credentials_context *context, const struct call *call, struct http_reply *reply,
		struct atomicdir_error *error)
{
	cleanup_free char *url = NULL, *region = NULL;
	cleanup_buffer struct buffer form = { 0 }, token = { 0 }, signature = { 0 };
	const char *headers[] = { "Content-Type: application/x-www-form-urlencoded; charset=utf-8", NULL, NULL };
	struct http_request request = { .headers = headers };

	if (find_region(context, &region, error) < 0 || aws_url("sts", region ? region : STS_GLOBAL, &url, error) < 0)
		return -1;
	/* The endpoint that is everybody's has a region of its own. */
	if (make_form(call, &form) < 0 ||
	    buffer_printf(&signature, "aws:amz:%s:sts",
			  !region || strcmp(url, STS_GLOBAL_URL) == 0 ? STS_GLOBAL_REGION : region) < 0)
		return error_errno(error, NULL, "cannot ask");
	if (call->own && call->own->token.size && buffer_printf(&token, "X-Amz-Security-Token: %s", call->own->token.bytes) < 0)
		return error_errno(error, NULL, "cannot ask");
	headers[1] = token.bytes;
	request.url = url;
	request.body = form.bytes;
	request.signature = call->own ? signature.bytes : NULL;
	request.key_id = call->own ? call->own->key_id.bytes : NULL;
	request.key = call->own ? call->own->key.bytes : NULL;
	return ask_service(context->http, &request, reply, error);
}

/* 1; 0: it can be asked again, with the server's clock; -1. */
static int try(const struct credentials_context *context, const struct call *call, struct credentials *credentials,
	       struct atomicdir_error *error)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup(answer_clear) struct answer answer = { 0 };
	int sent = send(context, call, &reply, error);
	bool is_read;

	if (context->is_region_down)
		*context->is_region_down = sent == 0 || (sent > 0 && reply.status >= 500);
	if (sent <= 0)
		return -1;
	is_read = parse(&reply, &answer);
	if (reply.status != 200)
		return refuse(context->http, call, &reply, &answer, error);
	if (!is_read)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the answer is no XML of STS; is a proxy in the way?");
	return take(&answer, credentials, error) < 0 ? -1 : 1;
}

static int run(const struct credentials_context *context, const struct call *call, struct credentials *credentials,
	       struct atomicdir_error *error)
{
	int result;

	while ((result = try(context, call, credentials, error)) == 0)
		;
	return result < 0 ? error_prefix(error, "%s of %.160s", call->operation, call->role->arn) : 1;
}

int sts_assume_role(const struct credentials_context *context, const struct sts_role *role, const struct credentials *own,
		    struct credentials *credentials, struct atomicdir_error *error)
{
	struct call call = {
		.operation = "AssumeRole",
		.role = role,
		.own = own,
		.denied =
			"allow sts:AssumeRole on it to who asks, and let its trust policy name them (and the external id, if it "
			"wants one)",
	};

	snprintf(credentials->from, sizeof(credentials->from), "role %.150s", role->arn);
	if (run(context, &call, credentials, error) > 0)
		return 1;
	error_append(error, "asked with the keys from %s", own->from);
	return -1;
}

int sts_assume_role_with_web_identity(const struct credentials_context *context, const struct sts_role *role, const char *token,
				      struct credentials *credentials, struct atomicdir_error *error)
{
	struct call call = {
		.operation = "AssumeRoleWithWebIdentity",
		.role = role,
		.token = token,
		.denied = "let its trust policy allow sts:AssumeRoleWithWebIdentity to the token's issuer and subject",
	};

	snprintf(credentials->from, sizeof(credentials->from), "role %.150s", role->arn);
	return run(context, &call, credentials, error);
}
