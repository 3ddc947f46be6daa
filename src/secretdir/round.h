/* SPDX-License-Identifier: ISC
 *
 * One round: the entries that are asked for, the files that came, and the stage that holds them. sync publishes it, plan only lists
 * it.
 */
#ifndef SECRETDIR_ROUND_H
#define SECRETDIR_ROUND_H

#include "secretdir/entry.h"
#include "secretdir/round_note.h"
#include "secretdir/options.h"
#include "secretdir/rights.h"
#include "secretdir/spec.h"

/* A file in the stage. */
struct placed {
	char *path, *source, *version, *created, *place; /* as struct fetched has them */
	size_t size, entry;
};

struct round {
	const struct secret_options *options;
	struct atomicdir_options library; /* for the library: without modes and owners of files, which the round sets itself */
	char *link;			  /* absolute */
	struct entries entries;
	struct spec spec;
	struct rights rights;
	struct atomicdir_stage *stage; /* once the first file is there */
	bool is_refused;	       /* the library would not begin, and its error says that LINK is unchanged */
	struct round_note live;	       /* of the generation that was live when the stage began */
	struct round_note note;	       /* of this one */
	int64_t first_live;	       /* which generation was live before anything was fetched; 0: none */
	struct placed *placed;
	size_t count;
};

/* Reads what the command line asks for, or what is kept of that in a file (wanted.h; -1: there is none); nothing is fetched yet. USAGE. */
int round_init(struct round *round, const struct secret_options *options, int wanted_fd, struct atomicdir_error *error);
void round_clear(struct round *round);

/* Fetches everything into the stage. */
int round_fill(struct round *round, struct atomicdir_error *error);
/* Warns where only root can read some of what is published, and no option asked for that. */
void round_warn_of_root(const struct round *round);
/* Seals the stage, and runs the check if it differs from what is live: 1. `changes` may be NULL. */
int round_seal(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error);

#endif
