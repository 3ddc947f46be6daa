/* SPDX-License-Identifier: ISC
 *
 * Whom AWS takes us for. Each place where credentials may be configured is a provider, and they are asked in the AWS CLI's order. The
 * first in which something is configured decides: where it fails, that is the end, and no other identity is taken instead.
 */
#ifndef IDENTITY_PROVIDER_H
#define IDENTITY_PROVIDER_H

#include "aws/credentials.h"
#include "base/protocol.h"
#include "identity/net.h"
#include "json/json.h"

/* What providers look at, and what they ask with. Callers of credentials_get() say the first six. */
struct provider_context {
	const struct told *told;
	struct net *net;
	const char *region;	       /* of STS, instead of what is said of it; or NULL */
	bool *is_region_down;	       /* says whether its STS was not reached, or failed itself; or NULL */
	void (*on_wait)(void *waiter); /* called before somebody else is asked, which may take its time; or NULL */
	void *waiter;
	const char *profile;
	bool is_profile_only;		       /* it was named by --profile or by another one: variables do not count */
	const struct provider_context *parent; /* of the profile whose source_profile this one is */
};

/* 1: here they are; 0: nothing is configured here; -1: something is, and it does not work. */
typedef int (*provider_fn)(const struct provider_context *context, struct credentials *credentials,
			   struct atomicdir_error *error);
#define PROVIDER(name)                                                                               \
	int provider_##name(const struct provider_context *context, struct credentials *credentials, \
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
int credentials_get(const struct provider_context *context, struct credentials *credentials, struct atomicdir_error *error);

/* The same surroundings for another profile, which variables do not change where it was named. */
struct provider_context provider_context_for(const struct provider_context *context, const char *profile);
/* Asks the other half, as net_ask(), after on_wait. */
int provider_ask(const struct provider_context *context, const struct question *question, struct record *answer,
		 struct atomicdir_error *error);
/* The same, where credentials are asked for. 1, as a provider; 0: there is nobody to ask, and why is the error. */
int provider_ask_keys(const struct provider_context *context, const struct question *question, struct credentials *credentials,
		      struct atomicdir_error *error);

#endif
