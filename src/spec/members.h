/* SPDX-License-Identifier: ISC
 *
 * The members of a mapping, by a table of those that may be: anything else is refused by its name and place.
 */
#ifndef SPEC_MEMBERS_H
#define SPEC_MEMBERS_H

#include "spec/node.h"

#define ANY_TYPE 0
#define TAKES(type) (1U << (type))

struct member {
	const char *name;
	unsigned types;		   /* TAKES(NODE_...); ANY_TYPE: it does not matter what stands there */
	const struct node **place; /* NULL stays where it is absent or empty; NULL itself: nobody looks */
	const char *refusal;	   /* why it cannot be, and what to do; NULL: it can */
};

/* `what` is what the mapping is, as in "an entry". USAGE. */
int members_take(const struct node *map, const char *what, const struct member *members, size_t count,
		 struct atomicdir_error *error);

#endif
