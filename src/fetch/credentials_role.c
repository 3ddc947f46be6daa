/* SPDX-License-Identifier: ISC
 *
 * A profile's role_arn: whom its source_profile or credential_source names asks STS to be that role. Sources may be roles themselves.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws_config.h"
#include "fetch/sts.h"

static bool has_keys(const char *profile)
{
	return aws_profile_find(profile, "aws_access_key_id") || aws_profile_find(profile, "aws_secret_access_key");
}

static int find_source(const struct credentials_context *context, const struct ini_entry *source, struct credentials *own,
		       struct atomicdir_error *error)
{
	struct credentials_context of_source = { .request = context->request,
						 .http = context->http,
						 .region = context->region,
						 .is_region_down = context->is_region_down,
						 .profile = source->value,
						 .is_profile_only = true,
						 .parent = context };
	bool is_itself = strcmp(source->value, context->profile) == 0;
	int found;

	if (!aws_profile_find(source->value, ""))
		return aws_config_check(error) < 0
			       ? -1
			       : ini_refuse(error, source, "there is no profile '%.64s', which source_profile names",
					    source->value);
	/* It may name itself where it has keys as well. */
	for (const struct credentials_context *one = context; one && !(is_itself && has_keys(source->value)); one = one->parent)
		if (strcmp(one->profile, source->value) == 0)
			return ini_refuse(error, source,
					  "source_profile leads back to profile '%.64s': name one that has credentials",
					  source->value);
	found = is_itself ? 0 : credentials_from_role(&of_source, own, error);
	if (!found)
		found = credentials_from_profile(&of_source, own, error);
	return found ? found
		     : ini_refuse(error, source, "profile '%.64s', which source_profile names, has no credentials",
				  source->value);
}

static int find_named(const struct credentials_context *context, const struct ini_entry *named, struct credentials *own,
		      struct atomicdir_error *error)
{
	static const struct {
		const char *name;
		credentials_provider provider;
	} sources[] = {
		{ "Environment", credentials_from_environment },
		{ "Ec2InstanceMetadata", credentials_from_instance },
		{ "EcsContainer", credentials_from_container },
	};
	struct credentials_context anywhere = { .request = context->request,
						.http = context->http,
						.region = context->region,
						.is_region_down = context->is_region_down,
						.profile = context->profile };

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

static int check_duration(const struct ini_entry *duration, struct atomicdir_error *error)
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
	struct sts_role role = {
		.session = aws_profile_text(profile, "role_session_name"),
		.external_id = aws_profile_text(profile, "external_id"),
		.duration = aws_profile_text(profile, "duration_seconds"),
	};

	/* Another's source is its keys, where it has some. */
	if (!arn || aws_profile_find(profile, "web_identity_token_file") || (context->parent && has_keys(profile)))
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
	if (check_duration(aws_profile_find(profile, "duration_seconds"), error) < 0)
		return -1;
	if ((source ? find_source : find_named)(context, source ? source : named, &own, error) < 0)
		return -1;
	role.arn = arn->value;
	return sts_assume_role(context, &role, &own, credentials, error);
}
