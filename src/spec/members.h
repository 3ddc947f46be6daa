/* SPDX-License-Identifier: ISC
 *
 * The members of a mapping, by a table of those that may be. In an entry of our own anything else is refused by its name and place. In
 * what the CSI driver's AWS provider reads, keys may be in any case, and what that provider ignores is ignored with a warning, unless it
 * looks like a slip of the pen: a key that differs from a known one by one letter.
 */
#ifndef SPEC_MEMBERS_H
#define SPEC_MEMBERS_H

#include "spec/answer.h"
#include "spec/node.h"

#define ANY_TYPE 0
#define TAKES(type) (1U << (type))

struct member {
	const char *name;
	unsigned types;		   /* TAKES(NODE_...); ANY_TYPE: it does not matter what stands there */
	const struct node **place; /* NULL stays where it is absent or empty; NULL itself: nobody looks */
	const char *refusal;	   /* why it cannot be, and what to do; NULL: it can */
};

/* `what` is what the mapping is, as in "an entry". `provided`: it is the provider's, and warnings go there; else NULL. USAGE. */
int members_take(const struct node *map, const char *what, const struct member *members, size_t count, struct answer *provided,
		 struct atomicdir_error *error);
/* Warns that what stands there is ignored, and why. */
int members_ignore(const struct node *node, const char *why, struct answer *answer, struct atomicdir_error *error);

#endif
