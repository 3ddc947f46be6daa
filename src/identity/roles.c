/* SPDX-License-Identifier: ISC */
#include "identity/roles.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/places.h"
#include "identity/region.h"

/* Whose STS is asked; NULL where none is known. On the heap. */
static int role_find_region(const struct provider_context *context, char **region, struct atomicdir_error *error)
{
	if (!context->region)
		return region_find(context, region, error);
	*region = strdup(context->region);
	return *region ? 0 : error_errno(error, NULL, "cannot ask");
}

static int role_find_place(const struct provider_context *context, struct question *question, struct atomicdir_error *error)
{
	cleanup_free char *region = NULL, *url = NULL;

	if (role_find_region(context, &region, error) < 0 || places_url(AWS_STS, region ? region : STS_GLOBAL, &url, error) < 0)
		return -1;
	question_add(question, WORD_URL, url);
	/* The endpoint that is everybody's has a region of its own. */
	question_add(question, WORD_SIGNING_REGION, !region || strcmp(url, STS_GLOBAL_URL) == 0 ? STS_GLOBAL_REGION : region);
	return 0;
}

static int role_ask(const struct provider_context *context, const struct question *question, struct credentials *credentials,
		    struct atomicdir_error *error)
{
	cleanup_record struct record answer = { 0 };
	int result = provider_ask(context, question, &answer, error);

	if (context->is_region_down)
		*context->is_region_down = record_text(&answer, WORD_REGION_DOWN);
	if (result < 0)
		return -1;
	return credentials_take(&answer, credentials) == 0 ? 1 : error_errno(error, NULL, "cannot take the keys");
}

static int role_ask_as(const struct provider_context *context, const struct role *role, struct question *question,
		       struct credentials *credentials, struct atomicdir_error *error)
{
	bool is_by_web = record_text(&question->record, WORD_WEB_TOKEN);

	question_add(question, WORD_ROLE_ARN, role->arn);
	question_add(question, WORD_ROLE_SESSION, role->session);
	question_add(question, WORD_EXTERNAL_ID, role->external_id);
	question_add(question, WORD_DURATION, role->duration);
	if (role_find_place(context, question, error) == 0 && role_ask(context, question, credentials, error) > 0)
		return 1;
	return error_prefix(error, "%s of %.160s", is_by_web ? "AssumeRoleWithWebIdentity" : "AssumeRole", role->arn);
}

int role_assume(const struct provider_context *context, const struct role *role, const struct credentials *own,
		struct credentials *credentials, struct atomicdir_error *error)
{
	cleanup(question_clear) struct question question = { 0 };

	question_begin(&question, context->net->settings, ASK_ROLE);
	if (credentials_add(own, &question.record) < 0)
		question.is_broken = true;
	if (role_ask_as(context, role, &question, credentials, error) > 0)
		return 1;
	error_append(error, "asked with the keys from %s", own->from);
	return -1;
}

int role_assume_with_web_identity(const struct provider_context *context, const struct role *role, const char *token,
				  struct credentials *credentials, struct atomicdir_error *error)
{
	cleanup(question_clear) struct question question = { 0 };

	question_begin(&question, context->net->settings, ASK_WEB_IDENTITY);
	question_add(&question, WORD_WEB_TOKEN, token);
	return role_ask_as(context, role, &question, credentials, error);
}
