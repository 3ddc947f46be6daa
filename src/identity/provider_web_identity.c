/* SPDX-License-Identifier: ISC
 *
 * A token in a file, which somebody renews there, for a role: EKS's service accounts, and OpenID Connect.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "identity/config.h"
#include "identity/roles.h"
#include "identity/variables.h"

#define TOKEN_MAX 65536

static const char *web_identity_find(const struct provider_context *context, const char *variable, const char *key)
{
	const char *value = context->is_profile_only ? NULL : variable_text(variable);

	return value ? value : aws_profile_text(context->profile, key);
}

static int web_identity_read_token(const char *file, struct buffer *token, struct atomicdir_error *error)
{
	cleanup_free char *path = aws_path(file);

	if (!path || read_path(path, TOKEN_MAX, token) < 0) {
		error_errno(error, file, "cannot read the web identity's token");
		if (error)
			error->kind = ATOMICDIR_DENIED;
		return -1;
	}
	while (token->size && strchr(" \t\r\n", token->bytes[token->size - 1]))
		token->bytes[--token->size] = '\0';
	if (token->size && strlen(token->bytes) != token->size)
		return error_set(error, ATOMICDIR_DENIED, file, "the web identity's token holds a NUL: write the file anew");
	return token->size ? 0 : error_set(error, ATOMICDIR_DENIED, file, "there is no token in the web identity's file");
}

PROVIDER(web_identity)
{
	const char *file = web_identity_find(context, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
	struct role role = {
		.arn = web_identity_find(context, "AWS_ROLE_ARN", "role_arn"),
		.session = web_identity_find(context, "AWS_ROLE_SESSION_NAME", "role_session_name"),
	};
	cleanup_buffer struct buffer token = { 0 };

	if (!file)
		return 0;
	if (!role.arn)
		return error_set(error, ATOMICDIR_USAGE, file,
				 "a web identity needs a role: set AWS_ROLE_ARN, or role_arn in the profile; its token is in");
	if (web_identity_read_token(file, &token, error) < 0)
		return -1;
	if (role_assume_with_web_identity(context, &role, token.bytes, credentials, error) > 0)
		return 1;
	error_append(error, "its token is in %.160s", file);
	return -1;
}
