/* SPDX-License-Identifier: ISC
 *
 * The keys that requests are signed with, as one program hands them to another. They are wiped when they end.
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/record.h"

struct credentials {
	struct buffer key_id, key, token; /* token: empty where they are permanent */
	int64_t expires;		  /* seconds since 1970; 0: not known, or never */
	bool is_fixed;			  /* asking again gives no others */
	char from[160];			  /* where they are from, for errors */
};

void credentials_clear(struct credentials *credentials);
int credentials_copy(const struct credentials *from, struct credentials *to);
bool credentials_are_same(const struct credentials *one, const struct credentials *other);

/* How long before their end keys are given up: ten minutes, or a third of the time that they had when they came. */
int64_t credentials_spare_s(int64_t had_s);

/* -1 with ENOMEM. */
int credentials_add(const struct credentials *credentials, struct record *record);
/* -1 with errno: EPROTO, the record has none that can be used; ENOMEM. What was there before is wiped. */
int credentials_take(const struct record *record, struct credentials *credentials);

#endif
