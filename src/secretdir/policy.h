/* SPDX-License-Identifier: ISC
 *
 * What a policy allows, and its text.
 */
#ifndef SECRETDIR_POLICY_H
#define SECRETDIR_POLICY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "secretdir/texts.h"

struct policy {
	struct texts secrets, parameters; /* ARNs, '*' and '?' in them as IAM has them */
	struct texts keys;		  /* ARNs of keys of KMS */
	struct texts alias_keys, aliases; /* keys of which only an alias is known: ARNs of all that could be it */
	bool has_batches, has_prefix;
};

/* As IAM's JSON. -1 with ENOMEM. */
int policy_print(const struct policy *policy, struct buffer *json);

#endif
