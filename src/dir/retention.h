/* SPDX-License-Identifier: ISC
 *
 * Which generations are kept, and why: the rules of step 13, as a pure function. Whether a generation is in use is not asked
 * here (generation.h).
 */
#ifndef DIR_RETENTION_H
#define DIR_RETENTION_H

#include <stdbool.h>
#include <stddef.h>

#include <atomicdir.h>

#define RETENTION_YOUNG_MAX 1000 /* `grace` keeps no more than these */

struct retained {
	int64_t number;
	int64_t age_ms;	 /* how long ago it was replaced; -1: long ago, or not known */
	bool is_in_line; /* it is in the live one's line (line.h) */
	bool is_good;	 /* last published without a hook, or its hook has ended well once */
	int kept;	 /* the result, an enum atomicdir_kept: KEPT_NO_MORE, or the first rule that keeps it */
};

struct retention {
	int64_t live;	  /* 0: none */
	int64_t before;	  /* what was live before it; 0: nothing */
	bool is_hook_due; /* the live one's hook is due: it is told what was live before, and may roll back to it */
	int64_t keep;	  /* how many besides the live one, the good ones of its line first */
	int64_t grace_ms;
};

/* Sets `kept` of each; the list is sorted, newest first. */
void retention_decide(const struct retention *rules, struct retained *list, size_t count);
/* The generation that a rollback without a number publishes: the newest good one of the live one's line. NULL: there is
 * none. */
const struct retained *retention_go_back(const struct retained *list, size_t count);

#endif
