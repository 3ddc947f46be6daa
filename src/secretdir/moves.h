/* SPDX-License-Identifier: ISC
 *
 * What has moved: what a source says of the entries' secrets now, held against what is noted of the live generation. Pure.
 */
#ifndef SECRETDIR_MOVES_H
#define SECRETDIR_MOVES_H

#include "secretdir/entry.h"
#include "secretdir/round_note.h"

/* What a source says of one secret of an entry. */
struct known_secret {
	enum { KNOWN_THERE, KNOWN_ABSENT, KNOWN_HIDDEN } state; /* hidden: it may not be looked at */
	bool is_listed; /* by a list, which may be minutes late; else by a description */
	size_t entry;
	char *source, *name, *arn, *version, *versions; /* as struct fetched has them; "" where it is not there, or hidden */
};

struct known_list {
	struct known_secret *items;
	size_t count;
};

void known_clear(struct known_list *list);
/* Adds one whose texts are all "", as published_set() sets them. NULL with ENOMEM. */
struct known_secret *known_add(struct known_list *list, size_t entry, const char *source);
/* NULL: it is not among them. */
const struct known_secret *known_find(const struct known_list *list, size_t entry, const char *source);
/* Whether both say the same, in whatever order. */
bool known_are_same(const struct known_list *one, const struct known_list *other);
/* Whether the version is in the lines (base/protocol.h) with a stage beside AWSPENDING. */
bool versions_have(const char *lines, const char *version);

/* NULL: it is not noted. */
const struct noted *noted_find(const struct round_note *note, size_t entry, const char *source);
/* Whether this is what is noted of it. */
bool noted_is_same(const struct noted *noted, const struct known_secret *known);

struct move {
	size_t entry;
	char *source;  /* NULL: all that the entry takes */
	char *version; /* in which it is to be fetched; "": the one that its entry means */
	bool is_gone;  /* it is not to be published any more */
};

struct moves {
	struct move *items;
	size_t count;
	bool is_all; /* so much that everything has to be fetched */
};

void moves_clear(struct moves *moves);
/* -1 with ENOMEM. */
int moves_add(struct moves *moves, const struct move *move);
/* Whether it is among them. `source` NULL: any. */
bool moves_have(const struct moves *moves, size_t entry, const char *source);
/* Adds all that has moved. An answer that is older than what is noted goes to `stale`, in the form that a memo keeps, and has moved
 * only if it is in `before`. -1 with ENOMEM. */
int moves_find(struct moves *moves, const struct round_note *live, const struct known_list *now, const struct entries *entries,
	       const struct texts *before, struct texts *stale);

#endif
