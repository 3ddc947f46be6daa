/* SPDX-License-Identifier: ISC
 *
 * The options that are this program's alone: what is to be published, and where it is fetched from.
 */
#ifndef SECRETDIR_OPTIONS_H
#define SECRETDIR_OPTIONS_H

#include "command/options.h"

/* Groups of commands that take the same options, beside the shared groups. */
enum {
	TAKES_FILES = TAKES_OWN,
	TAKES_ENTRIES = TAKES_OWN << 1,
	TAKES_POLICY = TAKES_OWN << 2,
	TAKES_ROUNDS = TAKES_OWN << 3, /* watch and run */
	TAKES_RETRY = TAKES_OWN << 4,
	TAKES_STATUS = TAKES_OWN << 5,
};

struct secret_options {
	struct options shared; /* must stand first: secret_options_of() relies on it */
	struct option_list entries, tags, kms_keys;
	const char *spec, *source, *region, *endpoint_url, *ca_bundle, *profile, *role_arn, *external_id;
	const char *transform, *metrics, *notify_queue;
	int64_t round_timeout_ms, interval_ms, notify_splay_ms, full_interval_ms, settle_ms, start_timeout_ms, kill_timeout_ms;
	int64_t max_age_ms;
	bool offline, split, require_tmpfs, always_fetch, retry, published;
	bool restart, keep_environment, metrics_names, reads_input;
};

extern const struct option secret_options_table[];

static inline const struct secret_options *secret_options_of(const struct options *shared)
{
	return (const struct secret_options *)shared;
}

#endif
