/* SPDX-License-Identifier: ISC
 *
 * What options, variables and ~/.aws say of AWS's services, all but the keys. identity-aws alone reads them there; the programs that
 * use the network are handed them. The texts stay those of whoever made the settings.
 */
#ifndef AWS_SETTINGS_H
#define AWS_SETTINGS_H

#include <stdbool.h>

#include <atomicdir.h>

#include "base/record.h"

enum aws_service {
	AWS_SECRETSMANAGER,
	AWS_SSM,
	AWS_SQS,
	AWS_CALLED, /* how many of them aws.h calls; the others serve identities */
	AWS_STS = AWS_CALLED,
	AWS_SSO,
	AWS_SSO_OIDC,
	AWS_SERVICES,
};

struct aws_settings {
	const char *profile;		       /* for errors */
	const char *region;		       /* NULL: not known */
	const char *first_region, *why;	       /* what was asked before `region`, and why it is not any more; or NULL */
	const char *endpoints[AWS_CALLED];     /* the user's own; or NULL */
	const char *ca_bundle;		       /* a file, or a hashed directory; NULL: the system's */
	const char *retry_mode, *max_attempts; /* as retry_init() takes them */
	const char *skew_s;    /* what others have found of the server's clock, as http_skew_s() has it; or NULL */
	bool is_fips, is_dual; /* FIPS endpoints; those with both IPv4 and IPv6 */
};

/* -1 with ENOMEM. */
int settings_add(const struct aws_settings *settings, struct record *record);
/* The texts stay the record's. */
void settings_take(const struct record *record, struct aws_settings *settings);

/* Can it be read? USAGE. */
int aws_check_ca_bundle(const char *ca_bundle, struct atomicdir_error *error);

#endif
