/* SPDX-License-Identifier: ISC
 *
 * The end of a round's stage: what is noted of it, and its seal.
 */
#ifndef SECRETDIR_ROUND_SEAL_H
#define SECRETDIR_ROUND_SEAL_H

#include "secretdir/round.h"

/* Notes the entries and the files that are placed. */
int round_note_make(struct round *round, struct atomicdir_error *error);

#endif
