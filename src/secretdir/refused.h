/* SPDX-License-Identifier: ISC
 *
 * What was rolled back from is held back: a round that fetches the same again does not publish it. The library keeps the note of the
 * generation that was rolled back from, until something else is published.
 */
#ifndef SECRETDIR_REFUSED_H
#define SECRETDIR_REFUSED_H

#include "secretdir/moves.h"
#include "secretdir/round_note.h"

/* REJECTED: this is what was rolled back from: the same files, of the same versions. Where a version is not known, as in a file of
 * secrets, nothing can be told, and nothing is held back. FAILED. */
int refused_check(const char *link, const struct round_note *note, struct atomicdir_error *error);
/* Whether something is held back. */
bool refused_is_there(const char *link);
/* As refused_check(), before anything is fetched, of what is live and what has moved since. */
int refused_check_moves(const char *link, const struct round_note *live, const struct moves *moves,
			struct atomicdir_error *error);

#endif
