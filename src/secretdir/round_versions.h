/* SPDX-License-Identifier: ISC
 *
 * A round that asks for versions before it fetches anything: whether it can go by what is noted of the live generation, what has moved
 * since, and what of it is to be fetched.
 */
#ifndef SECRETDIR_ROUND_VERSIONS_H
#define SECRETDIR_ROUND_VERSIONS_H

#include "secretdir/round.h"

/* Whether what is noted is of these entries, of the generation that the round before has left, and of its files as they are. -1: memory
 * ran out. */
int round_can_look(struct round *round, struct atomicdir_error *error);
/* 1: the note is of just these entries; 0: it is not. -1 with ENOMEM. */
int note_is_of(const struct round_note *note, const struct entries *entries);
/* Whether each file of the live generation is as it was sealed. */
bool round_files_are_same(const struct round *round);
/* ROUND_UNMOVED; ROUND_FILLED: round->asked and round->moves say what is to be fetched, and what is not to be carried; is_partial: at
 * all. -1. */
int round_look(struct round *round, struct atomicdir_error *error);

#endif
