/* SPDX-License-Identifier: ISC
 *
 * A whole round: fetched, checked, published, told. sync has one, watch and run have many.
 */
#ifndef SECRETDIR_SYNC_H
#define SECRETDIR_SYNC_H

#include "secretdir/round.h"
#include "secretdir/standing.h"

/* Returns the exit status; with any but OK, *error says why. `end` tells what came of it. What it replaced is to be removed by
 * sync_prune() once end->prune_ms is over. */
int sync_round(struct round *round, struct round_end *end, struct atomicdir_error *error);
/* Replaced secrets have no business on the disk. What cannot be removed is a warning. */
void sync_prune(const struct secret_options *options, const struct atomicdir_options *library);

#endif
