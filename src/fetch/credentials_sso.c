/* SPDX-License-Identifier: ISC
 *
 * IAM Identity Center: a role's credentials for who has logged in.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/ask.h"
#include "fetch/aws_config.h"
#include "fetch/aws_place.h"
#include "fetch/credentials.h"
#include "fetch/sso_token.h"

/* A key of the profile's, or of its sso-session's; where both have it, they agree. */
static int find(const struct credentials_context *context, const char *session, const char *key, const struct ini_entry **found,
		struct atomicdir_error *error)
{
	const struct ini_entry *own = aws_profile_find(context->profile, key);
	const struct ini_entry *its = session ? aws_section_find("sso-session", session, NULL, key) : NULL;

	if (own && its && strcmp(own->value, its->value) != 0)
		return ini_refuse(error, own, "%s is another one in [sso-session %.64s]: take one out", key, session);
	*found = own ? own : its;
	if (*found && *(*found)->value)
		return 0;
	own = aws_profile_find(context->profile, "");
	return ini_refuse(error, own, "profile '%.64s' uses SSO and has no %s%s%.64s%s", context->profile, key,
			  session ? ", nor has [sso-session " : "", session ? session : "", session ? "]" : "");
}

static int make_url(const struct sso *sso, const char *account, const char *role, struct buffer *url,
		    struct atomicdir_error *error)
{
	cleanup_free char *base = NULL;
	cleanup_buffer struct buffer form = { 0 };

	if (aws_url("portal.sso", sso->region, &base, error) < 0)
		return -1;
	return form_add(&form, "role_name", role) < 0 || form_add(&form, "account_id", account) < 0 ||
			       buffer_printf(url, "%sfederation/credentials?%s", base, form.bytes) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 0;
}

static int refuse(const struct sso *sso, const struct http_reply *reply, const char *from, struct atomicdir_error *error)
{
	error_set(error, reply->status >= 500 || reply->status == 429 ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL,
		  "%s: HTTP %ld%s%.*s", from, reply->status, ASK_CODE(reply));
	if (reply->status == 401)
		return sso_refuse(sso, error);
	if (reply->status == 403 || reply->status == 404)
		error_append(error,
			     "who logged in has no such role there: check sso_role_name and sso_account_id in profile '%.64s'",
			     sso->profile);
	return -1;
}

/* Its numbers of milliseconds are no text, and its names begin with small letters. */
static int take(const struct json *answer, struct credentials *credentials, struct atomicdir_error *error)
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

PROVIDER(sso)
{
	const char *profile = context->profile, *session = aws_profile_text(profile, "sso_session");
	const struct ini_entry *named = aws_profile_find(profile, "sso_session"), *account, *role, *start_url, *region;
	struct sso sso = { .profile = profile, .session = session };
	cleanup_buffer struct buffer url = { 0 }, header = { 0 };
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup_json struct json *json = NULL;
	const char *headers[] = { NULL, NULL };

	if (!aws_profile_find(profile, "sso_role_name") && !aws_profile_find(profile, "sso_account_id"))
		return 0;
	if (session && !aws_section_find("sso-session", session, NULL, ""))
		return aws_config_check(error) < 0 ? -1
						   : ini_refuse(error, named, "there is no [sso-session %.64s] in %.160s",
								session, aws_config_path());
	if (find(context, session, "sso_role_name", &role, error) < 0 ||
	    find(context, session, "sso_account_id", &account, error) < 0 ||
	    find(context, session, "sso_start_url", &start_url, error) < 0 ||
	    find(context, session, "sso_region", &region, error) < 0)
		return -1;
	if (!aws_is_region(region->value))
		return ini_refuse(error, region, "sso_region is not the name of a region such as eu-west-1: %.64s",
				  region->value);
	sso.start_url = start_url->value;
	sso.region = region->value;
	if (buffer_add_text(&header, "x-amz-sso_bearer_token: ") < 0)
		return error_errno(error, NULL, "cannot ask");
	if (make_url(&sso, account->value, role->value, &url, error) < 0 ||
	    sso_token_get(&sso, context->http, &header, error) < 0)
		return -1;
	snprintf(credentials->from, sizeof(credentials->from), "SSO's role %.64s in account %.16s", role->value,
		 account->value);
	headers[0] = header.bytes;
	if (ask_service(context->http, &(struct http_request){ .url = url.bytes, .headers = headers }, &reply, error) <= 0)
		return error_prefix(error, "%s", credentials->from);
	if (reply.status != 200)
		return refuse(&sso, &reply, credentials->from, error);
	json = ask_take_object(&reply);
	return json ? take(json, credentials, error)
		    : error_set(error, ATOMICDIR_FAILED, NULL, "%s: the answer is no JSON object; is a proxy in the way?",
				credentials->from);
}
