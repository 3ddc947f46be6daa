/* SPDX-License-Identifier: ISC */
#include "identity/keys.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/moment.h"

bool credentials_are_expired(const struct credentials *credentials)
{
	return credentials->expires && credentials->expires <= (int64_t)time(NULL);
}

int credentials_refuse_expired(const struct credentials *credentials, struct atomicdir_error *error)
{
	char when[32];

	moment_print(credentials->expires, when);
	return error_set(error, ATOMICDIR_DENIED, NULL,
			 "%s: these credentials expired at %s: renew them, or set the clock here", credentials->from, when);
}

const char *credentials_refuse_text(const char *text)
{
	return strpbrk(text, "\r\n") ? "it holds a line end" : NULL;
}

static int keys_take_member(const struct json *json, const char *name, struct buffer *buffer, const char *from,
			    struct atomicdir_error *error)
{
	const char *text = json_member_text(json, name), *why = text ? credentials_refuse_text(text) : NULL;

	if (!text || !*text || why)
		return error_set(error, ATOMICDIR_DENIED, NULL, "%s: the answer's %s cannot be used: %s", from, name,
				 why ? why : "there is none");
	return buffer_add_text(buffer, text) < 0 ? error_errno(error, NULL, "cannot take the keys") : 0;
}

int credentials_take_json(const struct json *json, const char *token, struct credentials *credentials,
			  struct atomicdir_error *error)
{
	const char *expiration = json_member_text(json, "Expiration");

	if (keys_take_member(json, "AccessKeyId", &credentials->key_id, credentials->from, error) < 0 ||
	    keys_take_member(json, "SecretAccessKey", &credentials->key, credentials->from, error) < 0)
		return -1;
	if (json_member_text(json, token) && *json_member_text(json, token) &&
	    keys_take_member(json, token, &credentials->token, credentials->from, error) < 0)
		return -1;
	credentials->expires = expiration ? moment_parse(expiration) : 0;
	if (credentials->expires < 0)
		return error_set(error, ATOMICDIR_DENIED, NULL,
				 "%s: the answer's Expiration is no moment as 2026-01-02T03:04:05Z", credentials->from);
	return 0;
}
