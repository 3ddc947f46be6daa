/* SPDX-License-Identifier: ISC
 *
 * `N.info`: its presence says that generation N was published, and it records what the generation's directory does not show.
 * Each line is "key value". A key that is missing or cannot be parsed keeps its default, since the file may be damaged or
 * written by another version. The first version wrote no `line`, `before` and `hook`.
 */
#ifndef DIR_INFO_H
#define DIR_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dir/line.h"
#include "dir/part.h"

struct info_replaced {
	int64_t number;
	int64_t at_ms; /* 0: the swap that replaces it is not known to be on disk yet */
};

struct info {
	int64_t created_ms;   /* wall clock, for people */
	int64_t previous;     /* what was live when this was first published; 0: nothing */
	int64_t before;	      /* what was live when this was last published; 0: nothing */
	struct line line;     /* the previous one, then that one's line */
	bool has_line;	      /* the file has a `line`; false: the first version wrote it, and info_complete() finds the line */
	bool is_without_hook; /* it was last published without a hook; false: with one, or not known */
	int64_t files, bytes; /* -1: not known */
	int64_t keep, grace_ms; /* the options of the last fill; -1: not known */
	bool is_synced;		/* made durable before the swap */
	mode_t top_mode; /* of the top directory, to restore if a crash during step 12 left its write bit set; 0: not known */
	char boot[64];	 /* the boot whose CLOCK_BOOTTIME the times in `replaced` are */
	/* When each kept generation was last replaced, sorted by number. Only the list in the live generation's info is
	 * used. */
	struct info_replaced *replaced;
	size_t replaced_count;
	char *old_note; /* the note, if an earlier version wrote it here instead of in N.note; else NULL */
};

#define INFO_INIT ((struct info){ .files = -1, .bytes = -1, .keep = -1, .grace_ms = -1 })

void info_clear(struct info *info);
#define cleanup_info cleanup(info_clear)

/* Reads `N.info`, else `N.info.new`. For the live generation `N.info.new` comes first: its swap has happened, so the new facts
 * hold. A file of a kind that we never write counts as missing, and leaves *info at INFO_INIT. -1 with errno; *info is
 * INFO_INIT. */
int info_read(int store_fd, int64_t number, bool is_live, struct info *info);
/* Makes info->line complete: if the first version wrote the file, by following `previous` from one generation to the next. -1
 * with errno. */
int info_complete(int store_fd, struct info *info);
/* Writes `N.info.new` for a generation that is about to be published. -1 with errno. */
int info_write_new(int store_fd, int64_t number, const struct info *info);
/* Replaces the `N.info` of the live generation atomically. -1 with errno. */
int info_replace(int store_fd, int64_t number, const struct info *info, bool to_disk);

/* Copies from `from` when generations were replaced: of those in `found`, and only the most recent 1000. -1: no memory. */
int info_copy_replaced(struct info *info, const struct info *from, const struct found_list *found);
/* Records that `number` was replaced at `at_ms`; 0: it is about to be. -1: no memory. info_unstamp() removes that record. */
int info_stamp(struct info *info, int64_t number, int64_t at_ms);
void info_unstamp(struct info *info, int64_t number);
/* The swap is on disk: whatever was about to be replaced gets the time `now_ms`, here and in the file. -1 with errno. */
int info_settle(struct info *info, int store_fd, int64_t number, enum part part, int64_t now_ms);
/* When `number` was replaced, in CLOCK_BOOTTIME of this boot; -1: not known, or before this boot. */
int64_t info_replaced_at(const struct info *info, int64_t number, const char *boot);

#endif
