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
#include "identity/config.h"
#include "identity/form.h"
#include "identity/places.h"
#include "identity/provider.h"
#include "identity/sso_cache.h"

/* A key of the profile's, or of its sso-session's; where both have it, they agree. */
static int sso_find(const struct provider_context *context, const char *session, const char *key,
		    const struct ini_entry **found, struct atomicdir_error *error)
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

static int sso_make_url(const struct sso *sso, const char *account, const char *role, struct buffer *url,
			struct atomicdir_error *error)
{
	cleanup_free char *base = NULL;
	cleanup_buffer struct buffer form = { 0 };

	if (places_url(AWS_SSO, sso->region, &base, error) < 0)
		return -1;
	return form_add(&form, "role_name", role) < 0 || form_add(&form, "account_id", account) < 0 ||
			       buffer_printf(url, "%sfederation/credentials?%s", base, form.bytes) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 0;
}

/* Who may be asked otherwise, and how. */
static void sso_advise(const struct sso *sso, const struct record *answer, struct atomicdir_error *error)
{
	const char *status = record_text(answer, WORD_STATUS);

	if (status && strcmp(status, "401") == 0)
		sso_refuse(sso, error);
	else if (status && (strcmp(status, "403") == 0 || strcmp(status, "404") == 0))
		error_append(error,
			     "who logged in has no such role there: check sso_role_name and sso_account_id in profile '%.64s'",
			     sso->profile);
}

static int sso_ask(const struct provider_context *context, const struct sso *sso, const struct question *question,
		   struct credentials *credentials, struct atomicdir_error *error)
{
	cleanup_record struct record answer = { 0 };

	if (provider_ask(context, question, &answer, error) < 0) {
		sso_advise(sso, &answer, error);
		return -1;
	}
	return credentials_take(&answer, credentials) == 0 ? 1 : error_errno(error, NULL, "cannot take the keys");
}

PROVIDER(sso)
{
	const char *profile = context->profile, *session = aws_profile_text(profile, "sso_session");
	const struct ini_entry *named = aws_profile_find(profile, "sso_session"), *account, *role, *start_url, *region;
	struct sso sso = { .profile = profile, .session = session };
	cleanup_buffer struct buffer url = { 0 }, header = { 0 };
	cleanup(question_clear) struct question question = { 0 };
	char name[160];

	if (!aws_profile_find(profile, "sso_role_name") && !aws_profile_find(profile, "sso_account_id"))
		return 0;
	if (session && !aws_section_find("sso-session", session, NULL, ""))
		return aws_config_check(error) < 0 ? -1
						   : ini_refuse(error, named, "there is no [sso-session %.64s] in %.160s",
								session, aws_config_path());
	if (sso_find(context, session, "sso_role_name", &role, error) < 0 ||
	    sso_find(context, session, "sso_account_id", &account, error) < 0 ||
	    sso_find(context, session, "sso_start_url", &start_url, error) < 0 ||
	    sso_find(context, session, "sso_region", &region, error) < 0)
		return -1;
	if (!aws_is_region(region->value))
		return ini_refuse(error, region, "sso_region is not the name of a region such as eu-west-1: %.64s",
				  region->value);
	sso.start_url = start_url->value;
	sso.region = region->value;
	if (buffer_add_text(&header, "x-amz-sso_bearer_token: ") < 0)
		return error_errno(error, NULL, "cannot ask");
	if (sso_make_url(&sso, account->value, role->value, &url, error) < 0 ||
	    sso_token_get(&sso, context, &header, error) < 0)
		return -1;
	snprintf(name, sizeof(name), "SSO's role %.64s in account %.16s", role->value, account->value);
	question_begin(&question, context->net->settings, ASK_SSO_ROLE);
	question_add(&question, WORD_URL, url.bytes);
	question_add(&question, WORD_HEADER, header.bytes);
	question_add(&question, WORD_NAME, name);
	return sso_ask(context, &sso, &question, credentials, error);
}
