/* SPDX-License-Identifier: ISC
 *
 * What is to be published: `[PATH=]SECRET[:KEY][,OPTION[=VALUE]]...`. Parsing is pure.
 */
#ifndef SECRETDIR_ENTRY_H
#define SECRETDIR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <atomicdir.h>

#include "base/buffer.h"

struct entry {
	char *text, *place; /* as written, for errors, and where; the place is "" on a command line */
	/* "" where not written; only the secret always is. */
	char *path, *secret, *key, *query, *service, *stage, *version;
	char *failover_secret, *failover_stage; /* in a failover region, where they differ */
	bool is_optional, is_base64;
	mode_t mode; /* 0: as all */
	uid_t uid;   /* -1: as all */
	gid_t gid;
};

struct entries {
	struct entry *items;
	size_t count;
};

/* USAGE; the text names the entry. */
int entries_add(struct entries *entries, const char *text, struct atomicdir_error *error);
/* One a line; empty lines and those that begin with '#' count nothing. "-": standard input. USAGE. */
int entries_add_file(struct entries *entries, const char *path, struct atomicdir_error *error);
/* One in parts, by the names that request.h has for them, or as a `text`. USAGE. */
int entries_begin(struct entries *entries, const char *place, struct atomicdir_error *error);
int entries_set(struct entries *entries, const char *name, const char *value, struct atomicdir_error *error);
int entries_end(struct entries *entries, struct atomicdir_error *error);
/* What is in a file, or in standard input for "-". USAGE. */
int entries_read_file(const char *path, struct buffer *content, struct atomicdir_error *error);
/* What can be known before anything is fetched: names that may not be, and those that cannot both be. USAGE. */
int entries_check(const struct entries *entries, struct atomicdir_error *error);
void entries_clear(struct entries *entries);

/* Where it goes as far as that is known: its path, else its secret's name; "" where an ARN has no path. */
const char *entry_path(const struct entry *entry);
/* All below that path, rather than just that path. */
bool entry_is_many(const struct entry *entry);

#endif
