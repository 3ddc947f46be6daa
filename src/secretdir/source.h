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

/* What a fetcher is asked. */
struct source_question {
	const struct secret_options *options;
	const struct spec *spec;
	const struct entries *all;     /* that the command line asks for: what is said of regions follows from them */
	const struct entries *entries; /* those that are asked for now */
	const char *name, *value;      /* one more option, or NULL */
	const struct published *live;  /* what is published, or NULL */
	struct keys *keys;	       /* as fetcher_start() has them */
};

const char *source_name(const struct secret_options *options);
/* Adds what the options and the spec say of AWS, and what follows from the entries. -1 with ENOMEM. */
int source_tell(struct told *told, const struct secret_options *options, const struct spec *spec,
		const struct entries *entries);
/* Starts its fetcher, as fetcher_start(). */
struct fetcher *source_ask(const struct source_question *question, struct atomicdir_error *error);

#endif
