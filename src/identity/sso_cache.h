/* SPDX-License-Identifier: ISC
 *
 * The access token that `aws sso login` left in the AWS CLI's cache. One of an sso-session is renewed there before it expires; so is
 * the cache, whole or not at all, and only by one process at a time.
 */
#ifndef IDENTITY_SSO_CACHE_H
#define IDENTITY_SSO_CACHE_H

#include "identity/provider.h"

struct sso {
	const char *profile, *session; /* session NULL: none, the profile has all of it */
	const char *start_url, *region;
};

/* Appends the token. DENIED: nobody is logged in (any more). */
int sso_token_get(const struct sso *sso, const struct provider_context *context, struct buffer *token,
		  struct atomicdir_error *error);
/* What to do about it. -1. */
int sso_refuse(const struct sso *sso, struct atomicdir_error *error);

#endif
