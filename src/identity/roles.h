/* SPDX-License-Identifier: ISC
 *
 * Roles of IAM, which STS gives credentials for.
 */
#ifndef IDENTITY_ROLES_H
#define IDENTITY_ROLES_H

#include "identity/provider.h"

struct role {
	const char *arn;
	const char *session;	 /* or NULL */
	const char *external_id; /* or NULL */
	const char *duration;	 /* in seconds; or NULL */
};

/* As `own`. DENIED, UNREACHABLE, USAGE. 1, as a provider. */
int role_assume(const struct provider_context *context, const struct role *role, const struct credentials *own,
		struct credentials *credentials, struct atomicdir_error *error);
/* As who has the token. Likewise. */
int role_assume_with_web_identity(const struct provider_context *context, const struct role *role, const char *token,
				  struct credentials *credentials, struct atomicdir_error *error);

#endif
