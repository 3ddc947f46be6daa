/* SPDX-License-Identifier: ISC
 *
 * What must hold when the machine comes up again.
 */
#ifndef POWER_JUDGE_H
#define POWER_JUDGE_H

#include <stdbool.h>

#include "scenario.h"

struct judge {
	const struct scenario *scenario;
	const struct layout *layout;
	const char *directory; /* where the file system is mounted */
	const char *link;      /* absolute */
	int sync;	       /* enum atomicdir_sync, of what is done next */
	char why[512];
};

/* The mounted file system keeps the promises, given how many of the scenario's actions had reported success:
 * LINK names one whole version, no older than the last that was reported; the next fill works, under a number that was not used
 * before; so do a rollback and a prune, and nothing is left over then. false: ->why. */
bool judge_holds(struct judge *judge, int reported);

#endif
