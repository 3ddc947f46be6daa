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
	struct texts tagged;		  /* the same, for secrets that must have each of the `tags` */
	struct texts tags;		  /* KEY=VALUE, each key once */
	struct texts keys;		  /* ARNs of KMS keys */
	struct texts alias_keys,
		aliases;	 /* of keys that are known by an alias only: patterns for their ARNs, and the aliases */
	struct texts queues;	 /* ARNs of queues that are read */
	struct texts queue_keys; /* ARNs of keys that may encrypt the queue, a secret or both */
	bool has_batches, has_prefix;
	bool has_path; /* parameters below a path are wanted */
};

/* IAM's limits, without white space: for one managed policy, and for all inline policies of a role together. */
#define POLICY_MANAGED_MAX 6144
#define POLICY_INLINE_MAX 10240

/* Appends the policy as one document in IAM's JSON. -1 with ENOMEM. */
int policy_print(const struct policy *policy, struct buffer *json);
/* Appends the policy as several documents, one on each line, none longer than POLICY_MANAGED_MAX. -1 with ENOMEM. */
int policy_print_split(const struct policy *policy, struct buffer *lines);
/* The policy's size as IAM counts it. */
size_t policy_size(const struct buffer *json);

#endif
