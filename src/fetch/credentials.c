/* SPDX-License-Identifier: ISC */
#include "fetch/credentials.h"

#include "base/error.h"

static const credentials_provider providers[] = {
	credentials_from_environment,
};

void credentials_clear(struct credentials *credentials)
{
	buffer_clear(&credentials->key_id);
	buffer_clear(&credentials->key);
	buffer_clear(&credentials->token);
	*credentials = (struct credentials){ 0 };
}

int credentials_get(const struct credentials_context *context, struct credentials *credentials, struct atomicdir_error *error)
{
	credentials_clear(credentials);
	for (size_t i = 0; i < sizeof(providers) / sizeof(*providers); i++) {
		int found = providers[i](context, credentials, error);

		if (found)
			return found < 0 ? -1 : 0;
	}
	return error_set(error, ATOMICDIR_DENIED, NULL,
			 "no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set (with AWS_SESSION_TOKEN where "
			 "they are temporary)");
}
