/* SPDX-License-Identifier: ISC
 *
 * The source of secrets that the command line and the spec name, and what they say of it.
 */
#ifndef SECRETDIR_SOURCE_H
#define SECRETDIR_SOURCE_H

#include "base/published.h"
#include "secretdir/entry.h"
#include "secretdir/fetcher.h"
#include "secretdir/options.h"
#include "secretdir/spec.h"

struct source_regions {
	const char *first; /* not ended by a NUL; NULL: none is given */
	size_t first_size;
	const char *other; /* asked if the first cannot be reached; NULL: none */
};

struct source_regions source_regions(const struct secret_options *options, const struct spec *spec);

/* Starts its fetcher; `name` and `value` are one more option for that, or NULL, and `live` is what is published, or NULL. As
 * fetcher_start(). */
struct fetcher *source_ask(const struct secret_options *options, const struct spec *spec, const struct entries *entries,
			   const char *name, const char *value, const struct published *live, struct atomicdir_error *error);

#endif
