/* SPDX-License-Identifier: ISC
 *
 * The access token that `aws sso login` left in the AWS CLI's cache. One of an sso-session is renewed there before it expires; so is
 * the cache, whole or not at all, and only by one process at a time.
 */
#ifndef FETCH_SSO_TOKEN_H
#define FETCH_SSO_TOKEN_H

#include "fetch/http.h"

struct sso {
	const char *profile, *session; /* session NULL: none, the profile has all of it */
	const char *start_url, *region;
};

/* DENIED: nobody is logged in (any more). */
int sso_token_get(const struct sso *sso, struct http *http, struct buffer *token, struct atomicdir_error *error);
/* What to do about it. -1. */
int sso_refuse(const struct sso *sso, struct atomicdir_error *error);

#endif
