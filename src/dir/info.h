/* SPDX-License-Identifier: ISC
 *
 * `N.info`: the file whose presence says that generation N was published, and the facts that readers do not see. Lines of
 * "key value"; what a line does not parse to is left at its default, since the file may have been damaged or written by another
 * version. The first version wrote no `line`, `before` and `hook`.
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
	int64_t at_ms; /* 0: its replacement is not on disk yet, so it is not known when */
};

struct info {
	int64_t created_ms;	/* wall clock, for people */
	int64_t previous;	/* what was live when this was first published; 0: nothing */
	int64_t before;		/* what was live when this was last published; 0: nothing */
	struct line line;	/* the previous one, then that one's line */
	bool has_line;		/* so the file says; false: the first version wrote it, and info_complete() finds the line */
	bool is_without_hook;	/* when it was last published; false: it had one, or that is not known */
	int64_t files, bytes;	/* -1: not known */
	int64_t keep, grace_ms; /* as the last fill was told; -1: not known */
	bool is_synced;		/* made durable before the swap */
	mode_t top_mode;	/* 0: not known. A death while the wake-up lends the write bit is mended with it */
	char boot[64];		/* at_ms below are CLOCK_BOOTTIME of this boot */
	/* When each generation that is kept was last replaced, sorted by number; only what the live one's info says counts. */
	struct info_replaced *replaced;
	size_t replaced_count;
	char *old_note; /* written by an earlier version, in the place of N.note; else NULL */
};

#define INFO_INIT ((struct info){ .files = -1, .bytes = -1, .keep = -1, .grace_ms = -1 })

void info_clear(struct info *info);
#define cleanup_info cleanup(info_clear)

/* `N.info`, or `N.info.new` where there is no other; for the live one the other way round, since a swap that happened makes the
 * new facts true. What is no file that we could have written says nothing. -1 with errno; *info is INFO_INIT then. */
int info_read(int store_fd, int64_t number, bool is_live, struct info *info);
/* Finds the line, of a file of the first version by what each `previous` says. -1 with errno. */
int info_complete(int store_fd, struct info *info);
/* As a new file, of what is not live yet; -1 with errno. */
int info_write_new(int store_fd, int64_t number, const struct info *info);
/* Other facts of the live one. They take the place of the old ones only when they are whole. */
int info_replace(int store_fd, int64_t number, const struct info *info, bool to_disk);

/* Takes over when the generations of `found` were replaced, of the most recent ones. -1: no memory. */
int info_copy_replaced(struct info *info, const struct info *from, const struct found_list *found);
/* `number` was replaced at this time; 0: it is about to be. -1: no memory. */
int info_stamp(struct info *info, int64_t number, int64_t at_ms);
void info_unstamp(struct info *info, int64_t number);
/* What was about to be replaced is so from now on, also in the file. -1 with errno. */
int info_settle(struct info *info, int store_fd, int64_t number, enum part part, int64_t now_ms);
/* When it was replaced, by CLOCK_BOOTTIME; -1: that is not known, or was before this boot. */
int64_t info_replaced_at(const struct info *info, int64_t number, const char *boot);

#endif
