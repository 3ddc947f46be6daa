/* SPDX-License-Identifier: ISC */
#include "identity/provider.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/config.h"
#include "identity/roles.h"
#include "identity/variables.h"

static const provider_fn of_profile[] = {
	provider_web_identity, provider_sso, provider_credentials_file, provider_login, provider_process, provider_config_file,
}, of_all[] = {
	provider_environment, provider_role, provider_profile, provider_container, provider_unreadable, provider_instance,
};

struct provider_context provider_context_for(const struct provider_context *context, const char *profile)
{
	struct provider_context other = *context;

	other.profile = profile;
	other.is_profile_only = false;
	other.parent = NULL;
	return other;
}

int provider_ask(const struct provider_context *context, const struct question *question, struct record *answer,
		 struct atomicdir_error *error)
{
	if (context->on_wait)
		context->on_wait(context->waiter);
	return net_ask(context->net, question, answer, error);
}

int provider_ask_keys(const struct provider_context *context, const struct question *question, struct credentials *credentials,
		      struct atomicdir_error *error)
{
	cleanup_record struct record answer = { 0 };

	if (provider_ask(context, question, &answer, error) < 0)
		return record_text(&answer, WORD_NOTHING) ? 0 : -1;
	if (credentials_take(&answer, credentials) == 0)
		return 1;
	return errno == ENOMEM ? error_errno(error, NULL, "cannot take the keys")
			       : error_set(error, ATOMICDIR_FAILED, NULL, "identity-net does not keep to the protocol");
}

static int providers_ask(const provider_fn *providers, size_t count, const struct provider_context *context,
			 struct credentials *credentials, struct atomicdir_error *error)
{
	int found = 0;

	for (size_t i = 0; i < count && !found; i++)
		found = providers[i](context, credentials, error);
	return found;
}

PROVIDER(profile)
{
	return providers_ask(of_profile, sizeof(of_profile) / sizeof(*of_profile), context, credentials, error);
}

static int provider_refuse(const struct provider_context *context, struct atomicdir_error *error)
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
static int provider_assume(const struct provider_context *context, struct credentials *credentials,
			   struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials own = { 0 };
	struct role role = {
		.arn = told_option(context->told, OPTION_ROLE_ARN),
		.external_id = told_option(context->told, OPTION_EXTERNAL_ID),
		.session = variable_text("AWS_ROLE_SESSION_NAME"),
	};

	if (!role.arn)
		return 1;
	own = *credentials;
	*credentials = (struct credentials){ 0 };
	return role_assume(context, &role, &own, credentials, error);
}

int credentials_get(const struct provider_context *context, struct credentials *credentials, struct atomicdir_error *error)
{
	struct provider_context whole = provider_context_for(context, aws_profile());
	int found;

	credentials_clear(credentials);
	error_clear(error);
	whole.is_profile_only = told_option(whole.told, OPTION_PROFILE);
	found = providers_ask(of_all, sizeof(of_all) / sizeof(*of_all), &whole, credentials, error);
	if (!found)
		found = provider_refuse(&whole, error);
	if (found > 0)
		found = provider_assume(&whole, credentials, error);
	return found < 0 ? -1 : 0;
}
