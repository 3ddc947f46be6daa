/* SPDX-License-Identifier: ISC
 *
 * An IAM policy: what it allows, and its text.
 */
#ifndef SECRETDIR_POLICY_H
#define SECRETDIR_POLICY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "secretdir/texts.h"

struct policy {
	struct texts secrets, parameters; /* ARNs, with '*' and '?' as IAM understands them */
	struct texts keys;		  /* ARNs of KMS keys */
	struct texts alias_keys,
		aliases; /* of keys that are known by an alias only: patterns for their ARNs, and the aliases */
	bool has_batches, has_prefix;
	bool has_path; /* parameters below a path are wanted */
};

/* Appends the policy as JSON in the language of IAM. -1 with ENOMEM. */
int policy_print(const struct policy *policy, struct buffer *json);

#endif
