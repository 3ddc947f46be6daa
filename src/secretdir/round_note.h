/* SPDX-License-Identifier: ISC
 *
 * What secretdir notes with a generation: the entries, their secrets and in which versions these are, which files are whose and what
 * they are like, and the text of the transform that made the others. A later round goes by it. In the fields of the protocol
 * (base/field.h); what version 0.1 wrote, a line of JSON, is read too, and what earlier ones did not note is missing then.
 */
#ifndef SECRETDIR_ROUND_NOTE_H
#define SECRETDIR_ROUND_NOTE_H

#include <stdbool.h>

#include <atomicdir.h>

#include "base/buffer.h"
#include "base/published.h"
#include "secretdir/texts.h"

/* One of an entry's secrets: as the entry or its prefix names it, and as it is called. arn "": it did not exist. */
struct noted {
	char *source, *index, *name, *arn, *version, *stages; /* index: of the entry; stages: as base/protocol.h has them */
};

struct round_note {
	struct published published;
	struct published made; /* by the transform: path and sealed alone */
	struct texts entries;  /* as they are written */
	struct noted *secrets;
	size_t secret_count;
	char *transform; /* NULL: there was none */
	bool is_unknown; /* something is live, but its note cannot be read */
};

/* Of the live generation, in place of what the note held; empty where nothing is live. -1: memory ran out. */
int round_note_read(const char *link, struct round_note *note, struct atomicdir_error *error);
/* The same of bytes that a NUL follows. -1 with ENOMEM. */
int round_note_parse(struct round_note *note, const char *bytes, size_t size);
void round_note_clear(struct round_note *note);
/* Adds a secret whose members are all "", as published_set() sets them. NULL with ENOMEM. */
struct noted *round_note_add(struct round_note *note);
/* Adds a copy of a secret. -1 with ENOMEM. */
int round_note_copy(struct round_note *note, const struct noted *secret);
/* The secrets alone. */
void round_note_clear_secrets(struct round_note *note);
/* The entry's number; SIZE_MAX: it is not known. */
size_t note_index(const char *index);
/* Appends the note. -1 with ENOMEM. */
int round_note_write(const struct round_note *note, struct buffer *text);

#endif
