/* SPDX-License-Identifier: ISC */
#include "fetch/credentials.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws_config.h"
#include "base/moment.h"
#include "fetch/sts.h"

static const credentials_provider of_profile[] = {
	credentials_from_web_identity, credentials_from_sso,     credentials_from_credentials_file,
	credentials_from_login,        credentials_from_process, credentials_from_config_file,
}, of_all[] = {
	credentials_from_environment, credentials_from_role,       credentials_from_profile,
	credentials_from_container,   credentials_from_unreadable, credentials_from_instance,
};

void credentials_clear(struct credentials *credentials)
{
	buffer_clear(&credentials->key_id);
	buffer_clear(&credentials->key);
	buffer_clear(&credentials->token);
	*credentials = (struct credentials){ 0 };
}

int credentials_copy(const struct credentials *from, struct credentials *to)
{
	credentials_clear(to);
	to->expires = from->expires;
	to->is_fixed = from->is_fixed;
	memcpy(to->from, from->from, sizeof(to->from));
	return buffer_add(&to->key_id, from->key_id.bytes, from->key_id.size) < 0 ||
			       buffer_add(&to->key, from->key.bytes, from->key.size) < 0 ||
			       (from->token.size && buffer_add(&to->token, from->token.bytes, from->token.size) < 0)
		       ? -1
		       : 0;
}

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

static int take_member(const struct json *json, const char *name, struct buffer *buffer, const char *from,
		       struct atomicdir_error *error)
{
	const char *text = json_member_text(json, name), *why = text ? credentials_refuse_text(text) : NULL;

	if (!text || !*text || why)
		return error_set(error, ATOMICDIR_DENIED, NULL, "%s: the answer's %s cannot be used: %s", from, name,
				 why ? why : "there is none");
	return buffer_add_text(buffer, text) < 0 ? error_errno(error, NULL, "cannot take the keys") : 0;
}

int credentials_take(const struct json *json, const char *token, struct credentials *credentials, struct atomicdir_error *error)
{
	const char *expiration = json_member_text(json, "Expiration");

	if (take_member(json, "AccessKeyId", &credentials->key_id, credentials->from, error) < 0 ||
	    take_member(json, "SecretAccessKey", &credentials->key, credentials->from, error) < 0)
		return -1;
	if (json_member_text(json, token) && *json_member_text(json, token) &&
	    take_member(json, token, &credentials->token, credentials->from, error) < 0)
		return -1;
	credentials->expires = expiration ? moment_parse(expiration) : 0;
	if (credentials->expires < 0)
		return error_set(error, ATOMICDIR_DENIED, NULL,
				 "%s: the answer's Expiration is no moment as 2026-01-02T03:04:05Z", credentials->from);
	return 0;
}

static int ask(const credentials_provider *providers, size_t count, const struct credentials_context *context,
	       struct credentials *credentials, struct atomicdir_error *error)
{
	int found = 0;

	for (size_t i = 0; i < count && !found; i++)
		found = providers[i](context, credentials, error);
	return found;
}

PROVIDER(profile)
{
	return ask(of_profile, sizeof(of_profile) / sizeof(*of_profile), context, credentials, error);
}

static int refuse(const struct credentials_context *context, struct atomicdir_error *error)
{
	struct atomicdir_error instance = *error;

	error_set(
		error, ATOMICDIR_DENIED, NULL,
		"no credentials: neither in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor for profile '%.64s' in %.100s or "
		"%.100s, nor from a container or an instance",
		context->profile, aws_config_path(), aws_credentials_path());
	error_append(error, "%.300s", instance.text);
	return -1;
}

/* What --role-arn says: with what was found, be that role. */
static int assume(const struct credentials_context *context, struct credentials *credentials, struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials own = { 0 };
	struct sts_role role = {
		.arn = told_option(&context->request->told, OPTION_ROLE_ARN),
		.external_id = told_option(&context->request->told, OPTION_EXTERNAL_ID),
		.session = aws_environment("AWS_ROLE_SESSION_NAME"),
	};

	if (!role.arn)
		return 1;
	own = *credentials;
	*credentials = (struct credentials){ 0 };
	return sts_assume_role(context, &role, &own, credentials, error);
}

int credentials_get(const struct credentials_context *context, struct credentials *credentials, struct atomicdir_error *error)
{
	struct credentials_context whole = { .request = context->request,
					     .http = context->http,
					     .region = context->region,
					     .is_region_down = context->is_region_down };
	struct atomicdir_error why;
	int found;

	credentials_clear(credentials);
	error = error ? error : &why;
	error_clear(error);
	if (aws_config_load(whole.request, error) < 0)
		return -1;
	whole.profile = aws_profile();
	whole.is_profile_only = told_option(&whole.request->told, OPTION_PROFILE);
	found = ask(of_all, sizeof(of_all) / sizeof(*of_all), &whole, credentials, error);
	if (!found)
		found = refuse(&whole, error);
	if (found > 0)
		found = assume(&whole, credentials, error);
	return found < 0 ? -1 : 0;
}
