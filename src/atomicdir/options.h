/* SPDX-License-Identifier: ISC
 *
 * The options that are this program's alone.
 */
#ifndef ATOMICDIR_OPTIONS_H
#define ATOMICDIR_OPTIONS_H

#include "command/options.h"

/* Groups of commands that take the same options, beside the shared groups. */
enum {
	TAKES_FILL = TAKES_OWN,
	TAKES_KEPT = TAKES_OWN << 1,
	TAKES_PRUNE = TAKES_OWN << 2,
	TAKES_DETACH = TAKES_OWN << 3,
	TAKES_DRY_RUN = TAKES_OWN << 4,
	TAKES_SINCE = TAKES_OWN << 5,
};

#define NOTE_TEXT_MAX 1024

struct fill_options {
	struct options shared; /* must stand first: fill_options_of() relies on it */
	const char *from, *note;
	bool edit, dereference;
	int64_t since;	    /* of wait; -1: what is live when it begins */
	int64_t timeout_ms; /* of wait; -1: none */
};

extern const struct option fill_options_table[];

static inline const struct fill_options *fill_options_of(const struct options *shared)
{
	return (const struct fill_options *)shared;
}

#endif
