/* SPDX-License-Identifier: ISC
 *
 * One round: what is asked for, what came, and the stage that it goes into. sync and plan differ only in what they do with it.
 */
#ifndef SECRETDIR_ROUND_H
#define SECRETDIR_ROUND_H

#include "command/options.h"
#include "secretdir/entry.h"
#include "secretdir/spec.h"

struct placed {
	char *path, *source, *version, *created, *place; /* as struct fetched has them */
	size_t size, entry;
};

struct round {
	const struct options *options;
	struct atomicdir_options library; /* what the library is told: modes and owners of files are ours to set */
	char *link;			  /* absolute */
	struct entries entries;
	struct spec spec;
	mode_t file_mode;
	struct atomicdir_stage *stage; /* once the first file is there */
	int old_fd;		       /* pins what is live, for a hook; -1: nothing */
	struct placed *placed;
	size_t count;
};

/* Takes the command line: entries, modes. USAGE; nothing is fetched yet. */
int round_init(struct round *round, const struct options *options, struct atomicdir_error *error);
void round_clear(struct round *round);

/* Fetches everything into the stage. */
int round_fill(struct round *round, struct atomicdir_error *error);
/* Where only root will be able to read it, though nobody said so. */
void round_warn_of_root(const struct round *round);
/* Seals, and runs the check if it differs. 1: it differs from what is live; *changes may be NULL. */
int round_seal(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error);

#endif
