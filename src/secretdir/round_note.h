/* SPDX-License-Identifier: ISC
 *
 * What secretdir notes with a generation: which files are those of entries, and in which versions, and the text of the transform that
 * made the others. In the fields of the protocol (base/field.h); what version 0.1 wrote, a line of JSON, is read too.
 */
#ifndef SECRETDIR_ROUND_NOTE_H
#define SECRETDIR_ROUND_NOTE_H

#include <stdbool.h>

#include <atomicdir.h>

#include "base/buffer.h"
#include "base/published.h"

struct round_note {
	struct published published;
	char *transform; /* NULL: there was none */
	bool is_unknown; /* something is live, but its note cannot be read */
};

/* Of the live generation, in place of what the note held; empty where nothing is live. -1: memory ran out. */
int round_note_read(const char *link, struct round_note *note, struct atomicdir_error *error);
/* The same of bytes that a NUL follows. -1 with ENOMEM. */
int round_note_parse(struct round_note *note, const char *bytes, size_t size);
void round_note_clear(struct round_note *note);
/* Appends the note. -1 with ENOMEM. */
int round_note_write(const struct round_note *note, struct buffer *text);

#endif
