/* SPDX-License-Identifier: ISC
 *
 * A profile's role_arn: whom its source_profile or credential_source names asks STS to be that role. Sources may be roles themselves.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/config.h"
#include "identity/roles.h"

static bool profile_has_keys(const char *profile)
{
	return aws_profile_find(profile, "aws_access_key_id") || aws_profile_find(profile, "aws_secret_access_key");
}

static int source_find(const struct provider_context *context, const struct ini_entry *source, struct credentials *own,
		       struct atomicdir_error *error)
{
	struct provider_context of_source = provider_context_for(context, source->value);
	bool is_itself = strcmp(source->value, context->profile) == 0;
	int found;

	of_source.is_profile_only = true;
	of_source.parent = context;
	if (!aws_profile_find(source->value, ""))
		return aws_config_check(error) < 0
			       ? -1
			       : ini_refuse(error, source, "there is no profile '%.64s', which source_profile names",
					    source->value);
	/* It may name itself where it has keys as well. */
	for (const struct provider_context *one = context; one && !(is_itself && profile_has_keys(source->value));
	     one = one->parent)
		if (strcmp(one->profile, source->value) == 0)
			return ini_refuse(error, source,
					  "source_profile leads back to profile '%.64s': name one that has credentials",
					  source->value);
	found = is_itself ? 0 : provider_role(&of_source, own, error);
	if (!found)
		found = provider_profile(&of_source, own, error);
	return found ? found
		     : ini_refuse(error, source, "profile '%.64s', which source_profile names, has no credentials",
				  source->value);
}

static int source_find_named(const struct provider_context *context, const struct ini_entry *named, struct credentials *own,
			     struct atomicdir_error *error)
{
	static const struct {
		const char *name;
		provider_fn provider;
	} sources[] = {
		{ "Environment", provider_environment },
		{ "Ec2InstanceMetadata", provider_instance },
		{ "EcsContainer", provider_container },
	};
	struct provider_context anywhere = provider_context_for(context, context->profile);

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		int found;

		if (strcmp(sources[i].name, named->value) != 0)
			continue;
		error_clear(error);
		found = sources[i].provider(&anywhere, own, error);
		if (found)
			return found;
		if (!error->text[0])
			error_set(error, ATOMICDIR_DENIED, NULL, "there are no credentials");
		error_prefix(error, "%.200s, line %d: credential_source = %s", named->file->path, named->line, named->value);
		error->kind = ATOMICDIR_DENIED;
		return -1;
	}
	return ini_refuse(error, named, "credential_source is none of Environment, Ec2InstanceMetadata and EcsContainer");
}

static int duration_check(const struct ini_entry *duration, struct atomicdir_error *error)
{
	size_t size = duration ? strspn(duration->value, "0123456789") : 0;

	return !duration || (size && size < 10 && !duration->value[size])
		       ? 0
		       : ini_refuse(error, duration, "duration_seconds is not a whole number, such as 3600");
}

PROVIDER(role)
{
	const char *profile = context->profile;
	const struct ini_entry *arn = aws_profile_find(profile, "role_arn"),
			       *source = aws_profile_find(profile, "source_profile"),
			       *named = aws_profile_find(profile, "credential_source"),
			       *mfa = aws_profile_find(profile, "mfa_serial");
	cleanup(credentials_clear) struct credentials own = { 0 };
	struct role role = {
		.session = aws_profile_text(profile, "role_session_name"),
		.external_id = aws_profile_text(profile, "external_id"),
		.duration = aws_profile_text(profile, "duration_seconds"),
	};

	/* Another's source is its keys, where it has some. */
	if (!arn || aws_profile_find(profile, "web_identity_token_file") || (context->parent && profile_has_keys(profile)))
		return 0;
	if (mfa)
		return ini_refuse(
			error, mfa,
			"nobody is here to be asked for an MFA code: in another profile, write credential_process = aws configure "
			"export-credentials --profile %.64s --format process",
			profile);
	if (!source == !named)
		return ini_refuse(error, arn, "role_arn needs %s source_profile or credential_source",
				  source ? "just one of" : "a");
	if (duration_check(aws_profile_find(profile, "duration_seconds"), error) < 0)
		return -1;
	if ((source ? source_find : source_find_named)(context, source ? source : named, &own, error) < 0)
		return -1;
	role.arn = arn->value;
	return role_assume(context, &role, &own, credentials, error);
}
