/* SPDX-License-Identifier: ISC
 *
 * What a fetcher gets secrets from. A source knows its own way to names and values; it does not know paths, keys or the
 * protocol.
 */
#ifndef FETCH_SOURCE_H
#define FETCH_SOURCE_H

#include <stdbool.h>

#include <atomicdir.h>

#include "base/buffer.h"

struct secret {
	struct buffer value;
	char *name;		/* as the source has it, however it was asked for */
	char *version;		/* or "" */
	char *created;		/* that version, in seconds since 1970, in digits; NULL: not known */
	char *arn;		/* NULL: it has none, or no versions that could be asked for */
	char *versions;		/* as base/protocol.h has them; with an ARN */
	const char *place;	/* where it is from; "": nobody asks for it elsewhere */
	const char *instead_of; /* the place that ought to have been asked; NULL: it was */
};

/* One that is asked for, and what came of it. */
struct lookup {
	const char *id, *service, *stage, *version; /* "" for stage and version: the current one */
	const char *failover_id, *failover_stage;   /* in the other region; "": the same */
	int result;				    /* 1: here it is; -1: *error says why not; 0: not yet */
	struct secret secret;
	struct atomicdir_error error;
	bool is_deleted; /* it is there no more, but can be restored */
	bool is_hidden;	 /* it may not be looked at */
};

struct listed {
	char *name;
	char *id;	/* what to get it by */
	char *key;	/* as struct described has it */
	char *versions; /* as struct secret has them; NULL: not known */
};

struct listing {
	struct listed *items;
	size_t count;
	char *deleted; /* the first of those that are marked for deletion, and so are not among them; NULL: none is */
	size_t deleted_count;
	const char *instead_of; /* as struct secret has it */
};

/* What is known of a secret beside its value. */
struct described {
	const char *index;		     /* whose entry it is for */
	const char *arn, *key;		     /* key: of KMS, that encrypts it; "": the service's own */
	const struct atomicdir_error *error; /* NULL; else nothing is known, and this is why */
};

/* 0; -1: no more is wanted. */
typedef int (*described_fn)(void *context, const struct described *described);

struct source {
	/* All of them. Kinds UNREACHABLE, DENIED, NOT_FOUND, FAILED, USAGE; the text names the secret. */
	void (*get)(struct source *source, struct lookup *lookups, size_t count);
	/* The same but for values: what versions there are, and which one is wanted. NULL: the source knows nothing of the kind. */
	void (*look)(struct source *source, struct lookup *lookups, size_t count);
	/* Every secret whose name begins with the prefix. */
	int (*list)(struct source *source, const char *service, const char *prefix, struct listing *listing,
		    struct atomicdir_error *error);
	/* Of each entry's secret, and of all those that a prefix has now, wherever they may be fetched from. -1: the taker wants no
	 * more, or memory is out. NULL: the source knows nothing of the kind. */
	int (*describe)(struct source *source, described_fn take, void *context);
	void (*free)(struct source *source);
	bool is_throttled;		/* it has failed because it was asked too often */
	struct atomicdir_error warning; /* what the user should hear of although it went well; a text of "": nothing */
};

void secret_clear(struct secret *secret);
void listing_clear(struct listing *listing);
/* Once for each name. -1 with ENOMEM. */
int listing_add(struct listing *listing, const char *name, const char *id, const char *key);
/* Of the one that was added last. */
int listing_add_versions(struct listing *listing, const char *versions);
int listing_add_deleted(struct listing *listing, const char *name);

#endif
