/* SPDX-License-Identifier: ISC
 *
 * One writer at work: the options, the place with the lock held, what is live, and what recovery found. Everything that
 * publishes or removes starts with writer_begin() (begin.h), and ends with writer_report() and writer_end().
 */
#ifndef DIR_WRITER_H
#define DIR_WRITER_H

#include "dir/info.h"
#include "dir/live.h"
#include "dir/outcome.h"
#include "dir/store.h"
#include "dir/sync.h"

#define GRACE_LEAST_MS 1000 /* where what readers have open stops being LINK: adopt.c, detach.c */

struct writer {
	struct atomicdir_options options;
	struct place place;
	struct store store;
	struct live live;
	enum outcome
		last_swap; /* PUBLISHED or IN_DOUBT: whether the live generation is known to be live on disk. In doubt it must
				  * not pass for unchanged, and nothing may be removed */
	struct found_list found; /* all that the store held before recovery */
	int64_t highest;	 /* the highest number in the store or LINK */
	struct info info;	 /* the live generation's, with its line complete */
	int64_t keep, grace_ms;	 /* this call's, else the last fill's, else the layout's defaults */
	enum sync_way way;
	bool has_made_room; /* room.h */
	char boot[64];	    /* this boot's id */
	struct atomicdir_error warning;
};
#define WRITER_INIT                            \
	((struct writer){ .place = PLACE_INIT, \
			  .store = STORE_INIT, \
			  .live = LIVE_INIT,   \
			  .info = INFO_INIT,   \
			  .last_swap = OUTCOME_PUBLISHED })

void writer_end(struct writer *writer);

/* Called last by every entry point, with the outcome as the public result: puts the warnings into an error that is empty, and
 * adds to one that is not what LINK names now. */
void writer_report(const struct writer *writer, enum outcome outcome, struct atomicdir_error *error);
/* What the public calls return. */
int outcome_result(enum outcome outcome);

#endif
