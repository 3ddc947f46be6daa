/* SPDX-License-Identifier: ISC */
#include "identity/imds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/keys.h"

#define PAUSE_MS 200
#define LIFETIME "21600"
#define ROLES "iam/security-credentials/"
#define AGAIN_S (15 * 60)

/* How it is asked, and what is known of it by now. */
struct imds {
	const struct asker *asker;
	const char *endpoint;
	long timeout_ms;
	int attempts;
	bool is_v1;	      /* it may be asked without a token */
	bool is_open;	      /* a token was asked for */
	struct buffer header; /* with the token; empty: none is needed */
};

static void imds_clear(struct imds *imds)
{
	buffer_clear(&imds->header);
}

static long imds_number(const struct record *question, const char *word)
{
	const char *text = record_text(question, word);
	long value = text ? strtol(text, NULL, 10) : 0;

	return value < 1 ? 1 : value;
}

static int imds_open(struct imds *imds, const struct asker *asker, const struct record *question, struct atomicdir_error *error)
{
	*imds = (struct imds){ .asker = asker,
			       .endpoint = record_text(question, WORD_URL),
			       .timeout_ms = imds_number(question, WORD_TIMEOUT_S) * 1000,
			       .attempts = (int)imds_number(question, WORD_ATTEMPTS),
			       .is_v1 = !record_text(question, WORD_NO_V1) };
	return imds->endpoint ? 0 : error_set(error, ATOMICDIR_FAILED, NULL, "the question is not whole");
}

static int imds_send(const struct imds *imds, const char *method, const char *path, const char *header,
		     struct http_reply *reply, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer url = { 0 };
	const char *headers[] = { header, NULL };
	size_t size = strlen(imds->endpoint);
	struct http_request request = {
		.method = method, .headers = headers, .is_metadata = true, .timeout_ms = imds->timeout_ms
	};

	if (imds->endpoint[size - 1] == '/')
		size--;
	if (buffer_printf(&url, "%.*s%s", (int)size, imds->endpoint, path) < 0)
		return error_errno(error, NULL, "cannot ask");
	request.url = url.bytes;
	return ask_machine(imds->asker->http, &request, imds->attempts, PAUSE_MS, reply, error);
}

static int imds_refuse_status(const struct imds *imds, const struct http_reply *reply, const char *more,
			      struct atomicdir_error *error)
{
	bool is_passing = ask_is_passing(reply);

	error_set(error, is_passing ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, imds->endpoint,
		  "the instance's metadata: HTTP %ld%s", reply->status, more);
	if (!is_passing)
		error_append(error, "does something else than EC2 answer there?");
	return -1;
}

/* The header with the token; empty: only version 1 can be asked. */
static int imds_get_token(struct imds *imds, struct atomicdir_error *error)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	int result =
		imds_send(imds, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: " LIFETIME, &reply, error);

	if (result < 0 && error->kind != ATOMICDIR_UNREACHABLE)
		return -1;
	if (result < 0 || reply.status == 403 || reply.status == 404 || reply.status == 405) {
		if (result > 0)
			error_set(error, ATOMICDIR_UNREACHABLE, imds->endpoint, "HTTP %ld instead of a token", reply.status);
		return imds->is_v1;
	}
	if (reply.status != 200 || !reply.body.size || strpbrk(reply.body.bytes, "\r\n"))
		return imds_refuse_status(imds, &reply, " and no token", error);
	return buffer_printf(&imds->header, "X-aws-ec2-metadata-token: %s", reply.body.bytes) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 1;
}

static int imds_refuse(const struct imds *imds, const struct http_reply *reply, struct atomicdir_error *error)
{
	if (reply->status == 404) {
		error_set(error, ATOMICDIR_DENIED, imds->endpoint, "the instance has none: attach an instance profile");
		return 0;
	}
	if (reply->status == 401 && !imds->header.size)
		return error_set(
			error, ATOMICDIR_DENIED, imds->endpoint,
			"the instance's metadata demands a token, and does not give one: in a container, raise its hop limit (aws "
			"ec2 modify-instance-metadata-options --http-put-response-hop-limit 2)");
	if (reply->status == 403) {
		error_set(error, ATOMICDIR_DENIED, imds->endpoint,
			  "the instance's metadata is turned off (HTTP 403): turn it on (aws ec2 "
			  "modify-instance-metadata-options --http-endpoint enabled)");
		return 0;
	}
	return imds_refuse_status(imds, reply, "", error);
}

/* What stands at a path below /latest/meta-data/. 1; 0: there is no service, or nothing at that path (DENIED), and why is the error;
 * -1: it does not work. */
static int imds_get(struct imds *imds, const char *path, struct buffer *text, struct atomicdir_error *error)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup_buffer struct buffer whole = { 0 };
	int result;

	result = imds->is_open ? 1 : imds_get_token(imds, error);
	if (result < 0)
		return -1;
	imds->is_open = result > 0;
	if (result > 0) {
		if (buffer_printf(&whole, "/latest/meta-data/%s", path) < 0)
			return error_errno(error, NULL, "cannot ask");
		result = imds_send(imds, NULL, whole.bytes, imds->header.bytes, &reply, error);
		if (result < 0 && (imds->header.size || error->kind != ATOMICDIR_UNREACHABLE))
			return -1;
	}
	if (result <= 0) {
		error_append(error, "this is no EC2 instance, or a container that its metadata cannot reach (hop limit)");
		return 0;
	}
	if (reply.status != 200)
		return imds_refuse(imds, &reply, error);
	return buffer_add(text, reply.body.bytes ? reply.body.bytes : "", reply.body.size) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 1;
}

/* ---- The role of an instance ---- */

/* Its credentials are used even where they are said to have expired: the service that renews them may be late, and the others accept
 * them for a while. */
static int imds_take_role(const struct buffer *text, struct credentials *credentials, struct atomicdir_error *error)
{
	const char *why;
	cleanup_json struct json *json = json_parse(text->bytes, text->size, &why);
	const char *code = json ? json_member_text(json, "Code") : NULL;

	if (!json || json->type != JSON_OBJECT)
		return error_set(error, ATOMICDIR_FAILED, NULL,
				 "%s: the answer is no JSON object; does something else than EC2 answer there?",
				 credentials->from);
	if (code && strcmp(code, "Success") != 0)
		return error_set(error, ATOMICDIR_DENIED, NULL,
				 "%s: %.64s: let its trust policy allow sts:AssumeRole to ec2.amazonaws.com", credentials->from,
				 code);
	if (credentials_take_json(json, "Token", credentials, error) < 0)
		return -1;
	if (credentials_are_expired(credentials))
		credentials->expires = (int64_t)time(NULL) + AGAIN_S;
	return 0;
}

int imds_get_role(const struct asker *asker, const struct record *question, struct record *answer,
		  struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials credentials = { 0 };
	cleanup_buffer struct buffer role = { 0 }, path = { 0 }, text = { 0 };
	cleanup(imds_clear) struct imds imds = { 0 };
	int found = imds_open(&imds, asker, question, error) < 0 ? -1 : imds_get(&imds, ROLES, &role, error);

	if (found <= 0)
		return found;
	role.bytes[strcspn(role.bytes, "\r\n")] = '\0';
	snprintf(credentials.from, sizeof(credentials.from), "the instance's role %.64s", role.bytes);
	if (buffer_printf(&path, ROLES "%s", role.bytes) < 0)
		return error_errno(error, NULL, "cannot ask");
	found = imds_get(&imds, path.bytes, &text, error);
	if (found <= 0)
		return found;
	if (imds_take_role(&text, &credentials, error) < 0)
		return -1;
	return credentials_add(&credentials, answer) < 0 ? error_errno(error, NULL, "cannot answer") : 1;
}

/* ---- Where it is ---- */

int imds_get_region(const struct asker *asker, const struct record *question, struct record *answer,
		    struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };
	cleanup(imds_clear) struct imds imds = { 0 };
	int found = imds_open(&imds, asker, question, error) < 0 ? -1 : imds_get(&imds, "placement/region", &text, error);

	if (found <= 0)
		return found;
	text.bytes[strcspn(text.bytes, " \t\r\n")] = '\0';
	return record_add_text(answer, WORD_REGION, text.bytes) < 0 ? error_errno(error, NULL, "cannot answer") : 1;
}
