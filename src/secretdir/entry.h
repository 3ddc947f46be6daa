/* SPDX-License-Identifier: ISC
 *
 * What is to be published: `[PATH=]SECRET[:KEY][,OPTION[=VALUE]]...`, or an ARN as the task definitions of ECS have it:
 * `[PATH=]ARN:KEY:STAGE:VERSION`, each of the three may be empty. Parsing is pure.
 */
#ifndef SECRETDIR_ENTRY_H
#define SECRETDIR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <atomicdir.h>

#include "base/field.h"

struct entry {
	char *text, *place; /* for errors: as written, and where ("" on a command line) */
	/* "" where it is not written; only the secret always is. */
	char *path, *secret, *key, *query, *service, *stage, *version, *format;
	char *failover_secret, *failover_stage; /* in a failover region, where they differ */
	char *path_key;				/* what its spec calls the path; "": it is written as PATH=SECRET */
	bool is_optional, is_base64;
	bool is_prefix; /* `secret` is the beginning of names, and may be "" */
	mode_t mode;	/* 0: that of all files */
	uid_t uid;	/* -1: that of all files; gid likewise */
	gid_t gid;
};

struct entries {
	struct entry *items;
	size_t count;
};

/* Adds an entry as it is written on a command line. USAGE; the error names the entry. */
int entries_add(struct entries *entries, const char *text, struct atomicdir_error *error);
/* Reads one entry a line; empty lines and those that begin with '#' do not count. "-": standard input. USAGE. */
int entries_add_file(struct entries *entries, const char *path, struct atomicdir_error *error);
/* An entry in parts: begin, set each by the name that a request has for it (or `text`: a whole one as on the command line), end.
 * USAGE. */
int entries_begin(struct entries *entries, const char *place, struct atomicdir_error *error);
int entries_set(struct entries *entries, const char *name, const char *value, struct atomicdir_error *error);
int entries_end(struct entries *entries, struct atomicdir_error *error);
/* Finds two entries whose paths cannot both be published, as far as that is known before anything is fetched. USAGE. */
int entries_check(const struct entries *entries, struct atomicdir_error *error);
void entries_clear(struct entries *entries);

/* Hand entries that were checked from one process of ours to another, as records (base/record.h): an open file, which is read where it
 * stands, up to its end. -1 with errno. */
int entries_write(const struct entries *entries, int fd);
int entries_read(struct entries *entries, struct field_reader *reader);

/* The path of its file, or the beginning of its paths, as far as that is known: PATH, else the name; "" for an ARN without PATH. */
const char *entry_path(const struct entry *entry);
/* Whether it stands for all files below that path, rather than for one file. */
bool entry_is_many(const struct entry *entry);
/* Whether it takes all secrets whose names begin so. */
bool entry_is_prefix(const struct entry *entry);
/* Says how to give it another path, in the words of where it was written. */
const char *entry_path_cure(const struct entry *entry, char text[static 80]);

#endif
