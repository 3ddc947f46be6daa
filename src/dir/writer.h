/* SPDX-License-Identifier: ISC
 *
 * One writer at work: the options, the store with its lock held, what is live, and what recovery found. Everything that publishes
 * or removes starts here, and ends with writer_end().
 */
#ifndef DIR_WRITER_H
#define DIR_WRITER_H

#include "dir/info.h"
#include "dir/link.h"
#include "dir/store.h"
#include "dir/sync.h"

struct writer {
	struct atomicdir_options options;
	struct store store;
	struct link link;
	int64_t live;	  /* the live generation's number; 0: nothing is live */
	int64_t highest;  /* of all numbers that the store held before recovery, and LINK's own */
	struct info info; /* the live one's */
	int info_errnum;  /* why that could not be read, so that nothing old may be judged by it; 0: it was, or is not there */
	bool is_live_doubtful; /* a swap could not be made durable: what is live must not pass for unchanged, and nothing may go */
	int64_t keep, grace_ms; /* as asked, else as the last fill was told, else as by default */
	enum sync_way way;
	char boot[64]; /* this boot's id */
	struct atomicdir_error warning;
};

enum writer_take { WRITER_OURS, WRITER_FOREIGN_TOO };

/* Steps 1 to 5 of a publication. */
int writer_begin(struct writer *writer, const char *link, const struct atomicdir_options *options, enum writer_take take,
		 struct atomicdir_error *error);
void writer_end(struct writer *writer);

/* CLOCK_BOOTTIME. */
int64_t writer_now_ms(void);
/* The live generation's directory, open; -1 with errno. */
int writer_open_generation(const struct writer *writer, int64_t number);
/* To be called last by every entry point: puts a warning where there is no error, and says how LINK is where there is one. */
void writer_report(const struct writer *writer, int result, struct atomicdir_error *error);

#endif
