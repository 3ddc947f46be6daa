/* SPDX-License-Identifier: ISC */
#include "identity/sso.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/keys.h"

/* ---- A role ---- */

static int sso_refuse_role(const struct http_reply *reply, const char *name, struct record *answer,
			   struct atomicdir_error *error)
{
	char status[32];

	snprintf(status, sizeof(status), "%ld", reply->status);
	if (record_add_text(answer, WORD_STATUS, status) < 0)
		return error_errno(error, NULL, "cannot answer");
	return error_set(error, ask_is_passing(reply) ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL, "%s: HTTP %ld%s%.*s",
			 name, reply->status, ASK_CODE(reply));
}

/* Its numbers of milliseconds are no text, and its names begin with small letters. */
static int sso_take_role(const struct json *answer, struct credentials *credentials, struct atomicdir_error *error)
{
	const struct json *role = json_member(answer, "roleCredentials", 15);
	const struct json *expiration = role ? json_member(role, "expiration", 10) : NULL;
	const struct {
		const char *name;
		struct buffer *buffer;
	} parts[] = { { "accessKeyId", &credentials->key_id },
		      { "secretAccessKey", &credentials->key },
		      { "sessionToken", &credentials->token } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const char *text = role ? json_member_text(role, parts[i].name) : NULL;

		if (!text || !*text || credentials_refuse_text(text))
			return error_set(error, ATOMICDIR_FAILED, NULL,
					 "%s: the answer has no %s that can be used; is a proxy in the way?", credentials->from,
					 parts[i].name);
		if (buffer_add_text(parts[i].buffer, text) < 0)
			return error_errno(error, NULL, "cannot take the keys");
	}
	credentials->expires = expiration && expiration->type == JSON_NUMBER ? strtoll(expiration->text, NULL, 10) / 1000 : 0;
	return 1;
}

int sso_get_role(const struct asker *asker, const struct record *question, struct record *answer, struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials credentials = { 0 };
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup_json struct json *json = NULL;
	const char *name = record_text(question, WORD_NAME), *headers[] = { record_text(question, WORD_HEADER), NULL };
	struct http_request request = { .url = record_text(question, WORD_URL), .headers = headers };

	if (!request.url || !headers[0] || !name)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the question is not whole");
	if (ask_service(asker, &request, &reply, error) <= 0)
		return error_prefix(error, "%s", name);
	if (reply.status != 200)
		return sso_refuse_role(&reply, name, answer, error);
	snprintf(credentials.from, sizeof(credentials.from), "%s", name);
	json = ask_take_object(&reply);
	if (!json)
		return error_set(error, ATOMICDIR_FAILED, NULL, "%s: the answer is no JSON object; is a proxy in the way?",
				 name);
	if (sso_take_role(json, &credentials, error) < 0)
		return -1;
	return credentials_add(&credentials, answer) < 0 ? error_errno(error, NULL, "cannot answer") : 1;
}

/* ---- A login ---- */

/* How many seconds the new token is good, in digits; NULL: that is not said, or cannot be. */
static const char *sso_lifetime(const struct json *got)
{
	const struct json *seconds = json_member(got, "expiresIn", 9);

	return seconds && seconds->type == JSON_NUMBER && seconds->size < 10 && atol(seconds->text) > 0 ? seconds->text : NULL;
}

static int sso_answer_token(const struct json *got, struct record *answer, struct atomicdir_error *error)
{
	const char *token = got ? json_member_text(got, "accessToken") : NULL, *lifetime_s = got ? sso_lifetime(got) : NULL;

	if (!token || !*token || credentials_refuse_text(token) || !lifetime_s)
		return error_set(error, ATOMICDIR_DENIED, NULL,
				 "the answer has no accessToken, or no expiresIn, that can be used");
	if (record_add_text(answer, WORD_TOKEN, token) < 0 ||
	    record_add_text(answer, WORD_REFRESH_TOKEN, json_member_text(got, "refreshToken")) < 0 ||
	    record_add_text(answer, WORD_LIFETIME_S, lifetime_s) < 0)
		return error_errno(error, NULL, "cannot answer");
	return 1;
}

int sso_renew_token(const struct asker *asker, const struct record *question, struct record *answer,
		    struct atomicdir_error *error)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup_json struct json *json = NULL;
	const char *headers[] = { "Content-Type: application/json", NULL };
	struct http_request request = { .url = record_text(question, WORD_URL),
					.body = record_text(question, WORD_BODY),
					.headers = headers };

	if (!request.url || !request.body)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the question is not whole");
	if (ask_service(asker, &request, &reply, error) <= 0)
		return -1;
	if (reply.status != 200)
		return error_set(error, ask_is_passing(&reply) ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL,
				 "HTTP %ld%s%.*s", reply.status, ASK_CODE(&reply));
	json = ask_take_object(&reply);
	return sso_answer_token(json, answer, error);
}
