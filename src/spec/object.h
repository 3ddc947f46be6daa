/* SPDX-License-Identifier: ISC
 *
 * An object as the AWS provider of the Secrets Store CSI driver has it in `objects:`. It comes to one entry, and to one more for
 * each of its jmesPath.
 */
#ifndef SPEC_OBJECT_H
#define SPEC_OBJECT_H

#include "spec/answer.h"

/* What the parameters around the objects say of all of them; zero where there are none: then secretdir's own ways hold. */
struct object_rules {
	bool is_provided; /* an ARN is a file's name as it stands, and modes are the provider's */
	char separator;	  /* instead of '/' in a file's name; 0: it stays */
	bool has_failover_region;
};

int object_add(const struct node *object, const struct object_rules *rules, struct answer *answer,
	       struct atomicdir_error *error);

#endif
