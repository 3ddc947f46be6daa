/* SPDX-License-Identifier: ISC
 *
 * The options that are this program's alone.
 */
#ifndef ATOMICDIR_OPTIONS_H
#define ATOMICDIR_OPTIONS_H

#include "command/options.h"

/* Groups of commands, beside the shared ones. */
enum { TAKES_FILL = TAKES_OWN, TAKES_KEPT = TAKES_OWN << 1, TAKES_PRUNE = TAKES_OWN << 2 };

struct fill_options {
	struct options shared; /* stands first: each command is given a pointer to it */
	const char *from;
	bool edit, dereference, dry_run;
};

extern const struct option fill_options_table[];

static inline const struct fill_options *fill_options_of(const struct options *shared)
{
	return (const struct fill_options *)shared;
}

#endif
