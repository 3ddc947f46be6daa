/* SPDX-License-Identifier: ISC
 *
 * The source that a command line and a spec name, and what they say of it.
 */
#ifndef SECRETDIR_SOURCE_H
#define SECRETDIR_SOURCE_H

#include "command/options.h"
#include "secretdir/entry.h"
#include "secretdir/fetcher.h"
#include "secretdir/spec.h"

struct source_regions {
	const char *first; /* NULL: none is said */
	size_t first_size;
	const char *other; /* asked where the first cannot be reached; NULL: none */
};

struct source_regions source_regions(const struct options *options, const struct spec *spec);

/* Asks it; `name` and `value` are one more option of the fetcher's, or NULL. As fetcher_start(). */
struct fetcher *source_ask(const struct options *options, const struct spec *spec, const struct entries *entries,
			   const char *name, const char *value, struct atomicdir_error *error);

#endif
