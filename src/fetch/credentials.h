/* SPDX-License-Identifier: ISC
 *
 * Whom AWS takes us for. Each place where credentials may be configured is a provider, and they are asked in the AWS CLI's order. The
 * first in which something is configured decides: where it fails, that is the end, and no other identity is taken instead.
 */
#ifndef FETCH_CREDENTIALS_H
#define FETCH_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "fetch/http.h"
#include "json/json.h"
#include "fetch/request.h"

struct credentials {
	struct buffer key_id, key, token; /* token: empty where they are for ever */
	int64_t expires;		  /* seconds since 1970; 0: not known, or never */
	bool is_fixed;			  /* asking again gives no others */
	char from[160];			  /* where they are from, for errors */
};

/* What providers look at, and what they ask with. Callers of credentials_get() say the first four. */
struct credentials_context {
	const struct request *request;
	struct http *http;
	const char *region;   /* instead of what is said of it; or NULL */
	bool *is_region_down; /* says whether its STS was not reached, or failed itself; or NULL */
	const char *profile;
	bool is_profile_only;			  /* it was named by --profile or by another one: variables do not count */
	const struct credentials_context *parent; /* of the profile whose source_profile this one is */
};

/* 1: here they are; 0: nothing is configured here; -1: something is, and it does not work. */
typedef int (*credentials_provider)(const struct credentials_context *context, struct credentials *credentials,
				    struct atomicdir_error *error);
#define PROVIDER(name)                                                                                          \
	int credentials_from_##name(const struct credentials_context *context, struct credentials *credentials, \
				    struct atomicdir_error *error)
PROVIDER(environment);
PROVIDER(role); /* a profile's role_arn, with its source_profile or credential_source */
PROVIDER(web_identity);
PROVIDER(sso);
PROVIDER(credentials_file);
PROVIDER(login); /* refuses what `aws login` set up */
PROVIDER(process);
PROVIDER(config_file);
PROVIDER(container);
PROVIDER(unreadable); /* refuses to go on where a shared file may say who we are, and may not be read */
PROVIDER(instance);   /* where there is no instance: 0, and why is the error */

/* Whatever the profile has, its own role aside. */
PROVIDER(profile);

/* 0; -1: DENIED, UNREACHABLE, USAGE. What was there before is wiped. */
int credentials_get(const struct credentials_context *context, struct credentials *credentials, struct atomicdir_error *error);
void credentials_clear(struct credentials *credentials);
int credentials_copy(const struct credentials *from, struct credentials *to);

/* From the object that processes, containers and instances answer with; `token`: how it calls the session's. Expired ones are taken
 * too. */
int credentials_take(const struct json *json, const char *token, struct credentials *credentials,
		     struct atomicdir_error *error);
bool credentials_are_expired(const struct credentials *credentials);
/* They cannot be used any more: says so, and what to look at. */
int credentials_refuse_expired(const struct credentials *credentials, struct atomicdir_error *error);
/* NULL, or why it may not stand in a header. */
const char *credentials_refuse_text(const char *text);

#endif
