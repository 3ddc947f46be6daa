/* SPDX-License-Identifier: ISC
 *
 * Moves the entries of a generation from its own directory to LINK's, and removes what was placed before and is not in it. Each file is
 * replaced by itself, by rename(2), and only where it differs. What still lies in the generation's own directory is still to be placed,
 * so the whole can be repeated after a crash at any point; the table is in layout_files.c.
 */
#ifndef DIR_PLACING_H
#define DIR_PLACING_H

#include "dir/manifest.h"

struct placing {
	const struct place *place;
	int top_fd;		/* the generation's own directory */
	struct manifest now;	/* what it consists of */
	struct manifest before; /* what is placed in LINK's directory (placed.h) */
};

/* Goes on after an error, and reports the first one; then nothing is removed yet. What appeared in LINK's directory meanwhile is an error, and stays. */
int placing_run(const struct placing *placing, struct atomicdir_error *error);

/* Removes from LINK's directory what `placed` names, and no directory that holds anything else; likewise. */
int placing_remove(const struct place *place, const struct manifest *placed, struct atomicdir_error *error);

#endif
