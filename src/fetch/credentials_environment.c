/* SPDX-License-Identifier: ISC
 *
 * AWS_ACCESS_KEY_ID and its like. The environment is wiped of what was taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fetch/credentials.h"

static int take(const char *name, struct buffer *buffer, struct atomicdir_error *error)
{
	char *value = getenv(name);
	size_t size = value ? strlen(value) : 0;

	if (!size)
		return 0;
	if (strpbrk(value, "\r\n"))
		return error_set(error, ATOMICDIR_DENIED, NULL, "%s holds a line end, which no key has", name);
	if (buffer_add(buffer, value, size) < 0)
		return error_errno(error, NULL, "cannot take the keys");
	explicit_bzero(value, size);
	return 0;
}

int credentials_from_environment(const struct credentials_context *context, struct credentials *credentials,
				 struct atomicdir_error *error)
{
	(void)context;
	if (take("AWS_ACCESS_KEY_ID", &credentials->key_id, error) < 0 ||
	    take("AWS_SECRET_ACCESS_KEY", &credentials->key, error) < 0 ||
	    take("AWS_SESSION_TOKEN", &credentials->token, error) < 0)
		return -1;
	if (!credentials->token.size && take("AWS_SECURITY_TOKEN", &credentials->token, error) < 0)
		return -1;
	credentials->is_fixed = true;
	snprintf(credentials->from, sizeof(credentials->from), "the environment");
	return credentials->key_id.size && credentials->key.size;
}
