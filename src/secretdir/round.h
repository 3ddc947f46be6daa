/* SPDX-License-Identifier: ISC
 *
 * One round: the entries that are asked for, the files that came, and the stage that holds them. sync publishes it, plan only lists
 * it. A watcher's round asks for versions first, and fetches what has moved; where nothing has there is no stage, and nothing to publish.
 */
#ifndef SECRETDIR_ROUND_H
#define SECRETDIR_ROUND_H

#include "command/progress.h"
#include "secretdir/entry.h"
#include "secretdir/keys.h"
#include "secretdir/memo.h"
#include "secretdir/moves.h"
#include "secretdir/round_note.h"
#include "secretdir/options.h"
#include "secretdir/rights.h"
#include "secretdir/selection.h"
#include "secretdir/spec.h"

/* A file in the stage. */
struct placed {
	char *path, *source, *version, *created, *place; /* as struct fetched has them */
	size_t size, entry;
};

/* An event: a label of this secret, a name or an ARN, has moved to this version. */
struct label {
	const char *secret, *version; /* version "": not known */
};

struct round {
	/* The caller's, between round_init() and round_fill(). */
	bool is_full;	   /* fetch everything, as after round_init(); else ask for versions first */
	struct memo *memo; /* what the round before has left, and what this one leaves; NULL: each round fetches everything */
	struct keys keys;  /* keys_lend(): those that the round before has left; afterwards round_keys_left_ms() */
	const struct label *labels; /* only these secrets are looked at, and all others count as unmoved; NULL: all are */
	size_t label_count;
	const struct progress *progress; /* where it is shown how long the fetching takes; NULL: nowhere */
	/* What it has come to, whether it fails or not. */
	bool is_throttled;  /* the source was asked too often */
	bool is_event_open; /* one of the labels has not moved yet */

	const struct secret_options *options;
	struct atomicdir_options library; /* for the library: without modes and owners of files, which the round sets itself */
	char *link;			  /* absolute */
	struct entries entries;
	struct spec spec;
	struct rights rights;
	struct atomicdir_stage *stage; /* once the first file is there */
	bool is_held_back;	       /* what is wanted was rolled back from, so nothing was fetched; the error says so */
	bool is_refused;	       /* the library would not begin, and its error says that LINK is unchanged */
	struct round_note live;	       /* of the generation that was live when the stage began */
	struct round_note note;	       /* of this one */
	int64_t first_live;	       /* which generation was live before anything was fetched; 0: none */
	bool is_partial;	       /* only what has moved is fetched, and the rest is carried from what is live: */
	struct moves moves;
	struct selection asked;
	bool are_keys_told; /* with -v */
	struct placed *placed;
	size_t count;
};

/* Reads what the command line asks for, or what is kept of that in a file (wanted.h; -1: there is none); nothing is fetched yet. USAGE. */
int round_init(struct round *round, const struct secret_options *options, int wanted_fd, struct atomicdir_error *error);
void round_clear(struct round *round);

/* Starts the fetcher, with one more option or NULL; round_end_fetcher(), which takes NULL, ends it. */
struct fetcher *round_ask(struct round *round, const struct entries *entries, const char *name, const char *value,
			  struct atomicdir_error *error);
void round_end_fetcher(struct round *round, struct fetcher *fetcher);
/* Says with -v what FETCHER_UNCONFINED has told, once for all rounds of a watcher. */
void round_tell_unconfined(struct round *round, const char *text);

enum round_filled {
	ROUND_FILLED = 0, /* what is wanted is in the stage: seal it, and publish it if it differs */
	ROUND_UNMOVED = 1 /* what is live is what is wanted: nothing was fetched, and there is no stage */
};

/* -1; else enum round_filled. */
int round_fill(struct round *round, struct atomicdir_error *error);
/* Warns where only root can read some of what is published, and no option asked for that; a watcher's rounds do so once. */
void round_warn_of_root(const struct round *round);
/* Seals the stage, and runs the check if it differs from what is live: 1. `changes` may be NULL. */
int round_seal(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error);

/* That this generation is live now is what the next round goes by. To be called after each commit, changed or not. */
void round_published(struct round *round, int64_t number);
/* How long the keys in the lent file are good: -1: there are none to keep; ROUND_KEYS_STAY: they are those that were lent, as good as
 * before. */
#define ROUND_KEYS_STAY (-2)
int64_t round_keys_left_ms(const struct round *round);

#endif
