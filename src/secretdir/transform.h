/* SPDX-License-Identifier: ISC
 *
 * --transform: a command that makes more files of those of the entries, in the stage. Many such programs answer differently each time,
 * so it runs only where an entry's file or the command's text differs from what is live; else what it made last time is carried.
 */
#ifndef SECRETDIR_TRANSFORM_H
#define SECRETDIR_TRANSFORM_H

#include "secretdir/round_note.h"
#include "secretdir/options.h"
#include "secretdir/rights.h"

struct transform {
	const struct secret_options *options;
	const char *link; /* absolute */
	struct atomicdir_stage *stage;
	const struct rights *rights;
	const struct round_note *live; /* of the live generation */
	struct round_note *note;       /* of the stage: has the files of the entries, and takes those that are made */
};

/* Runs it, or carries. Its files get the default mode and owner unless it set them. FAILED. */
int transform_apply(const struct transform *transform, struct atomicdir_error *error);

#endif
