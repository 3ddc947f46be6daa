/* SPDX-License-Identifier: ISC
 *
 * AWS_ACCESS_KEY_ID and its like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "identity/keys.h"
#include "identity/provider.h"
#include "identity/variables.h"
#include "base/moment.h"

static int variable_take(const char *name, struct buffer *buffer, struct atomicdir_error *error)
{
	const char *value = variable_text(name);

	if (!value)
		return 0;
	if (credentials_refuse_text(value))
		return error_set(error, ATOMICDIR_DENIED, NULL, "%s holds a line end, which no key has: take it out", name);
	return buffer_add_text(buffer, value) < 0 ? error_errno(error, NULL, "cannot take the keys") : 0;
}

static int environment_take(struct credentials *credentials, struct atomicdir_error *error)
{
	const char *expiration = variable_text("AWS_CREDENTIAL_EXPIRATION");

	if (variable_take("AWS_ACCESS_KEY_ID", &credentials->key_id, error) < 0 ||
	    variable_take("AWS_SECRET_ACCESS_KEY", &credentials->key, error) < 0 ||
	    variable_take("AWS_SECURITY_TOKEN", &credentials->token, error) < 0)
		return -1;
	/* The old name of it counts where both are set: the AWS CLI has it so. */
	if (!credentials->token.size && variable_take("AWS_SESSION_TOKEN", &credentials->token, error) < 0)
		return -1;
	credentials->expires = expiration ? moment_parse(expiration) : 0;
	if (credentials->expires < 0)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "AWS_CREDENTIAL_EXPIRATION is no moment as 2026-01-02T03:04:05Z: mend it, or unset it");
	credentials->is_fixed = true;
	snprintf(credentials->from, sizeof(credentials->from), "the environment (AWS_ACCESS_KEY_ID)");
	return 0;
}

PROVIDER(environment)
{
	if (context->is_profile_only)
		return 0;
	if (environment_take(credentials, error) < 0)
		return -1;
	if (!credentials->key_id.size && !credentials->key.size) {
		credentials_clear(credentials);
		return 0;
	}
	if (!credentials->key_id.size || !credentials->key.size)
		return error_set(error, ATOMICDIR_DENIED, NULL, "%s is set without %s: set both, or neither",
				 credentials->key.size ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
				 credentials->key.size ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
	return credentials_are_expired(credentials) ? credentials_refuse_expired(credentials, error) : 1;
}
