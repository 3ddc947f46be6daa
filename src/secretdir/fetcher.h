/* SPDX-License-Identifier: ISC
 *
 * The program that fetches: started, asked and listened to over pipes. What it says is checked here; what it says wrongly is a
 * failure of the whole. A signal that would end us ends it instead, and is told as an error.
 */
#ifndef SECRETDIR_FETCHER_H
#define SECRETDIR_FETCHER_H

#include "base/buffer.h"
#include "secretdir/entry.h"

struct fetcher;

/* `source` is NAME or NAME:ARGUMENT; `options` are "NAME=VALUE" and end with NULL. USAGE, FAILED. */
struct fetcher *fetcher_start(const char *source, const char *const *options, const struct entries *entries,
			      struct atomicdir_error *error);
/* NULL is fine. Ends the program if it runs. */
void fetcher_free(struct fetcher *fetcher);

/* What came; its texts are good until the next call. */
struct fetched {
	size_t entry; /* which one */
	const char *path, *source, *version, *created; /* created: of the version, in seconds; or "" */
	struct buffer value;
};

void fetched_clear(struct fetched *fetched);

/* 1: a file; 2: a warning, which is in *error; 0: that was all, and the program has ended well. The path fits its entry, and
 * may be published. */
int fetcher_next(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error);

/* Has a signal that would end us come? Then it is the error. */
int fetcher_check_signal(struct atomicdir_error *error);

#endif
