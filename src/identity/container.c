/* SPDX-License-Identifier: ISC */
#include "identity/container.h"

#include <stdio.h>
#include <string.h>

#include "aws/refusal.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "identity/keys.h"

#define ATTEMPTS 3
#define PAUSE_MS 1000
#define TIMEOUT_MS 2000

/* The agent says why in a "message", or in a line of text. Half an object is none: it may be one with keys. */
static int container_refuse(const struct http_reply *reply, const char *url, struct atomicdir_error *error)
{
	cleanup_json struct json *json = ask_take_object(reply);
	const char *message = json ? json_member_text(json, "message") : reply->body.bytes;
	int size = aws_message_size(message), object = message && !json ? (int)strcspn(message, "{") : size;
	bool is_passing = ask_is_passing(reply);

	/* Half an object, which may hold keys, is no line of text. */
	size = object < size ? object : size;
	error_set(error, is_passing ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL, "HTTP %ld%s%.*s", reply->status,
		  size ? ": " : "", size, message ? message : "");
	error_prefix(error, "the container's credentials, %.160s", url);
	if (!is_passing)
		error_append(error, reply->status == 404 ? "check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI"
							 : "check the container's token and its role");
	return -1;
}

static int container_take(const struct http_reply *reply, const char *url, struct credentials *credentials,
			  struct atomicdir_error *error)
{
	cleanup_json struct json *json = ask_take_object(reply);

	snprintf(credentials->from, sizeof(credentials->from), "the container's credentials, %.120s", url);
	if (!json)
		return error_set(error, ATOMICDIR_FAILED, NULL, "%s: the answer is no JSON object; is this the agent's URL?",
				 credentials->from);
	if (credentials_take_json(json, "Token", credentials, error) < 0)
		return -1;
	return credentials_are_expired(credentials) ? credentials_refuse_expired(credentials, error) : 0;
}

int container_get(const struct asker *asker, const struct record *question, struct record *answer,
		  struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials credentials = { 0 };
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	const char *headers[] = { "Accept: application/json", record_text(question, WORD_HEADER), NULL };
	struct http_request request = {
		.url = record_text(question, WORD_URL), .headers = headers, .timeout_ms = TIMEOUT_MS, .is_metadata = true
	};

	if (!request.url)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the question is not whole");
	if (ask_machine(asker->http, &request, ATTEMPTS, PAUSE_MS, &reply, error) < 0) {
		if (error->kind == ATOMICDIR_UNREACHABLE)
			error_append(error, "does the agent of ECS or of EKS's Pod Identity run?");
		return error_prefix(error, "the container's credentials");
	}
	if (reply.status != 200)
		return container_refuse(&reply, request.url, error);
	if (container_take(&reply, request.url, &credentials, error) < 0)
		return -1;
	return credentials_add(&credentials, answer) < 0 ? error_errno(error, NULL, "cannot answer") : 1;
}
