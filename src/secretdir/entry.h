/* SPDX-License-Identifier: ISC
 *
 * Entries say what is to be published: `[PATH=]SECRET[:KEY][,OPTION[=VALUE]]...`, or `[PATH=]ARN:KEY:STAGE:VERSION` as in ECS
 * task definitions, where KEY, STAGE and VERSION may be empty. Parsing is pure.
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
	/* "" if it is not written. The secret is always written, but may be "" with is_prefix. */
	char *path, *secret, *key, *query, *service, *stage, *version, *format;
	char *failover_secret, *failover_stage; /* what to ask for in a failover region instead; "": the same */
	char *path_key;				/* what its spec calls the path; "": it is written as PATH=SECRET */
	bool is_optional, is_base64;
	bool is_prefix; /* `secret` is the beginning of names, and may be "" */
	mode_t mode;	/* 0: the mode of all files */
	uid_t uid;	/* -1: the owner of all files; gid -1: their group */
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
/* Add an entry part by part: begin, set each part by its name in protocol.h (or `text`: a whole entry as on the command line),
 * end. USAGE. */
int entries_begin(struct entries *entries, const char *place, struct atomicdir_error *error);
int entries_set(struct entries *entries, const char *name, const char *value, struct atomicdir_error *error);
int entries_end(struct entries *entries, struct atomicdir_error *error);
/* Finds two entries whose paths cannot both be published, as far as that is known before anything is fetched. USAGE. */
int entries_check(const struct entries *entries, struct atomicdir_error *error);
void entries_clear(struct entries *entries);
/* Adds a copy of an entry, for the caller to change. NULL with ENOMEM. */
struct entry *entries_add_copy(struct entries *entries, const struct entry *entry);
/* Replaces one of an entry's texts. -1 with ENOMEM. */
int entry_replace(char **text, const char *value);
/* Appends a text that another entry has only if it asks for the same. -1 with ENOMEM. */
int entry_print(const struct entry *entry, struct buffer *text);

/* Hand entries that were checked from one process of ours to another, as records (base/record.h) in an open file. Reading
 * starts at the file's offset, and goes on to its end. -1 with errno. */
int entries_write(const struct entries *entries, int fd);
int entries_read(struct entries *entries, struct field_reader *reader);

/* The path of the entry's file, or the directory of its files: PATH, else the secret's name; "" (not known yet) for an ARN
 * without PATH. */
const char *entry_path(const struct entry *entry);
/* Whether the entry stands for all files below that path, not for one file. */
bool entry_is_many(const struct entry *entry);
/* Whether the entry takes all secrets whose names begin with `secret`. */
bool entry_is_prefix(const struct entry *entry);
/* Says how to give it another path, in the words of where it was written. */
const char *entry_path_cure(const struct entry *entry, char text[static 80]);

#endif
