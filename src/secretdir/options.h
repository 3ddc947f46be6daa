/* SPDX-License-Identifier: ISC
 *
 * The options that are this program's alone: what is to be published, and where it is fetched from.
 */
#ifndef SECRETDIR_OPTIONS_H
#define SECRETDIR_OPTIONS_H

#include "command/options.h"

/* Groups of commands that take the same options, beside the shared groups. */
enum { TAKES_FILES = TAKES_OWN, TAKES_ENTRIES = TAKES_OWN << 1, TAKES_POLICY = TAKES_OWN << 2 };

struct secret_options {
	struct options shared; /* must stand first: secret_options_of() relies on it */
	struct option_list entries, tags, kms_keys;
	const char *spec, *source, *region, *endpoint_url, *ca_bundle, *profile, *role_arn, *external_id;
	const char *transform;
	int64_t round_timeout_ms;
	bool offline, split, require_tmpfs;
};

extern const struct option secret_options_table[];

static inline const struct secret_options *secret_options_of(const struct options *shared)
{
	return (const struct secret_options *)shared;
}

#endif
