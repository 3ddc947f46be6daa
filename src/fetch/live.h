/* SPDX-License-Identifier: ISC
 *
 * What is published, by the note of the live generation, and what may not take its place. It counts where another region is asked than
 * ought to be, or was: that may lag behind, and need not have all.
 */
#ifndef FETCH_LIVE_H
#define FETCH_LIVE_H

#include "fetch/request.h"
#include "fetch/source.h"

struct live {
	const struct published *published; /* the request's */
	bool is_unknown;		   /* something is published, but not which versions */
};

struct live live_of(const struct request *request);

/* Is this secret, as it is wanted, published, or can that not be told? */
bool live_has(const struct live *live, const char *name, const struct wanted *wanted);
/* Refuses one that is older than what is published. UNREACHABLE. */
int live_check_age(const struct live *live, const char *name, const struct wanted *wanted, const struct secret *secret,
		   struct atomicdir_error *error);
/* Refuses a list on which one that is published is not. UNREACHABLE. */
int live_check_listing(const struct live *live, const struct wanted *wanted, const struct listing *listing,
		       struct atomicdir_error *error);

#endif
