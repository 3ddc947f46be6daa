/* SPDX-License-Identifier: ISC
 *
 * AWS STS: credentials of a role. The one module that reads XML.
 */
#ifndef FETCH_STS_H
#define FETCH_STS_H

#include "fetch/credentials.h"

struct sts_role {
	const char *arn;
	const char *session;	 /* or NULL */
	const char *external_id; /* or NULL */
	const char *duration;	 /* in seconds; or NULL */
};

/* As `own`. DENIED, UNREACHABLE, USAGE. 1, as a provider. */
int sts_assume_role(const struct credentials_context *context, const struct sts_role *role, const struct credentials *own,
		    struct credentials *credentials, struct atomicdir_error *error);
/* As who has the token. Likewise. */
int sts_assume_role_with_web_identity(const struct credentials_context *context, const struct sts_role *role, const char *token,
				      struct credentials *credentials, struct atomicdir_error *error);

#endif
