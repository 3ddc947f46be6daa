/* SPDX-License-Identifier: ISC
 *
 * The program that fetches: started, asked and listened to over pipes. What it says is checked here; what it says wrongly is a
 * failure of the whole. A signal that asks us to end ends it, and is the error (interrupt.h, which has to have begun).
 */
#ifndef SECRETDIR_FETCHER_H
#define SECRETDIR_FETCHER_H

#include "base/buffer.h"
#include "base/protocol.h"
#include "base/published.h"
#include "secretdir/entry.h"
#include "secretdir/keys.h"

struct fetcher;

/* Whether the source is our standard input, which can be read only once: file:- or file:/dev/stdin. NULL is fine. */
bool fetcher_reads_input(const char *source);
/* `source` is NAME or NAME:ARGUMENT; with OPTION_DESCRIBE in what is told, which it takes, secrets are described rather
 * than fetched. USAGE, FAILED. */
struct fetcher *fetcher_start(const char *source, struct told *told, const struct entries *entries,
			      const struct published *live, struct atomicdir_error *error);
/* What is known of the keys that it asks with; NULL: it needs none, or has none. Stays the fetcher's. */
const struct keys *fetcher_keys(const struct fetcher *fetcher);
/* NULL is fine. Ends the program if it runs. */
void fetcher_free(struct fetcher *fetcher);

/* What came; its texts are good until the next call. */
struct fetched {
	size_t entry; /* which one */
	const char *path, *source, *version;
	const char *created,
		*place; /* of the version, in seconds; where it is from, if that is not where it ought to be; or "" */
	struct buffer value;
	const char *arn, *key; /* of a secret that is described; key: of KMS, or "" */
};

void fetched_clear(struct fetched *fetched);

enum {
	FETCHER_DONE,	    /* that was all, and the program has ended well */
	FETCHER_FILE,	    /* its path fits its entry, and may be published */
	FETCHER_ABSENT,	    /* an optional entry is not there */
	FETCHER_WARNING,    /* in *error */
	FETCHER_UNCONFINED, /* likewise: what cannot be kept from the program on this machine; nothing is wrong with the answer */
	FETCHER_DESCRIBED, /* one of the entry's secrets */
	FETCHER_UNKNOWN,   /* nothing is known of the entry's secret; *error says why */
};

/* -1: it failed. */
int fetcher_next(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error);

#endif
