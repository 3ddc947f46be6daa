/* SPDX-License-Identifier: ISC
 *
 * What a fetcher gets secrets from. A source knows its own way to names and values; it does not know paths, keys or the
 * protocol.
 */
#ifndef FETCH_SOURCE_H
#define FETCH_SOURCE_H

#include <atomicdir.h>

#include "base/buffer.h"

struct secret {
	struct buffer value;
	char *name;    /* as the source has it, however it was asked for */
	char *version; /* or "" */
};

struct listed {
	char *name;
	char *id; /* what to get it by */
};

struct listing {
	struct listed *items;
	size_t count;
};

struct source {
	/* "" for stage and version: the current one. Kinds UNREACHABLE, DENIED, NOT_FOUND, FAILED, USAGE; the text names the
	 * secret. */
	int (*get)(struct source *source, const char *id, const char *stage, const char *version, struct secret *secret,
		   struct atomicdir_error *error);
	/* Every secret whose name begins with the prefix. */
	int (*list)(struct source *source, const char *prefix, struct listing *listing, struct atomicdir_error *error);
	void (*free)(struct source *source);
};

void secret_clear(struct secret *secret);
void listing_clear(struct listing *listing);
/* Once for each name. -1 with ENOMEM. */
int listing_add(struct listing *listing, const char *name, const char *id);

#endif
