/* SPDX-License-Identifier: ISC
 *
 * Which generations stay, and why: the rules of step 13, as a function of what is known of them. It asks nobody: a generation that
 * no rule keeps may still be in use (generation.h).
 */
#ifndef DIR_RETENTION_H
#define DIR_RETENTION_H

#include <stdbool.h>
#include <stddef.h>

#include <atomicdir.h>

#define RETENTION_YOUNG_MAX 1000 /* no more are kept for being young */

struct retained {
	int64_t number;
	int64_t age_ms;	 /* since it was replaced; -1: long ago, or not known */
	bool is_in_line; /* of the live one's line: what was live before it, and so on back */
	bool is_good;	 /* last published without a hook, or its hook has ended well once */
	int kept;	 /* the answer, an enum atomicdir_kept: KEPT_NO_MORE, or the first rule that keeps it */
};

struct retention {
	int64_t live;	  /* 0: none */
	int64_t before;	  /* what was live before it; 0: nothing */
	bool is_hook_due; /* the live one's: its hook is told what was live before, and may lead back */
	int64_t keep;	  /* how many besides the live one, the good ones of its line first */
	int64_t grace_ms;
};

/* Newest first. */
void retention_decide(const struct retention *rules, struct retained *list, size_t count);
/* Where a rollback without a number leads: the newest good one of the live one's line. NULL: there is none. */
const struct retained *retention_go_back(const struct retained *list, size_t count);

#endif
