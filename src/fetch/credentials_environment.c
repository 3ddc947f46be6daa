/* SPDX-License-Identifier: ISC
 *
 * AWS_ACCESS_KEY_ID and its like. The environment is wiped of what was taken, which is kept here for the next time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fetch/aws_config.h"
#include "fetch/credentials.h"
#include "base/moment.h"

static struct credentials taken;

static int take(const char *name, struct buffer *buffer, struct atomicdir_error *error)
{
	char *value = getenv(name);
	size_t size = value ? strlen(value) : 0;

	if (!size)
		return 0;
	if (credentials_refuse_text(value))
		return error_set(error, ATOMICDIR_DENIED, NULL, "%s holds a line end, which no key has: take it out", name);
	if (buffer_add(buffer, value, size) < 0)
		return error_errno(error, NULL, "cannot take the keys");
	explicit_bzero(value, size);
	return 0;
}

static int take_all(struct atomicdir_error *error)
{
	const char *expiration = aws_environment("AWS_CREDENTIAL_EXPIRATION");

	if (take("AWS_ACCESS_KEY_ID", &taken.key_id, error) < 0 || take("AWS_SECRET_ACCESS_KEY", &taken.key, error) < 0 ||
	    take("AWS_SESSION_TOKEN", &taken.token, error) < 0)
		return -1;
	if (!taken.token.size && take("AWS_SECURITY_TOKEN", &taken.token, error) < 0)
		return -1;
	taken.expires = expiration ? moment_parse(expiration) : 0;
	if (taken.expires < 0)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "AWS_CREDENTIAL_EXPIRATION is no moment as 2026-01-02T03:04:05Z: mend it, or unset it");
	taken.is_fixed = true;
	snprintf(taken.from, sizeof(taken.from), "the environment (AWS_ACCESS_KEY_ID)");
	return 0;
}

PROVIDER(environment)
{
	if (context->is_profile_only)
		return 0;
	if (!taken.from[0] && take_all(error) < 0)
		return -1;
	if (!taken.key_id.size && !taken.key.size)
		return 0;
	if (!taken.key_id.size || !taken.key.size)
		return error_set(error, ATOMICDIR_DENIED, NULL, "%s is set without %s: set both, or neither",
				 taken.key.size ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
				 taken.key.size ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
	if (credentials_are_expired(&taken))
		return credentials_refuse_expired(&taken, error);
	return credentials_copy(&taken, credentials) < 0 ? error_errno(error, NULL, "cannot take the keys") : 1;
}
