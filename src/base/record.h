/* SPDX-License-Identifier: ISC
 *
 * A message of a protocol that is read or written whole: fields, up to one that is named WORD_END (protocol.h). `struct record r =
 * { 0 }` is an empty one. Its bytes may be secrets, and are wiped.
 */
#ifndef BASE_RECORD_H
#define BASE_RECORD_H

#include "base/field.h"

struct record {
	struct field *fields;
	size_t count;
};

void record_clear(struct record *record);
#define cleanup_record cleanup(record_clear)

/* Both return -1 with ENOMEM. The text: nothing is added where it is NULL or "". */
int record_add(struct record *record, const char *name, const void *bytes, size_t size);
int record_add_text(struct record *record, const char *name, const char *text);
/* NULL: there is no such field, or its text is empty or holds a NUL. Stays the record's. */
const char *record_text(const struct record *record, const char *name);

/* 1: one was read; 0: the stream ended before it. -1 with errno as field_read() has it. What the record held before is wiped. */
int record_read(struct field_reader *reader, struct record *record);
/* Appends it, with its end. -1 with ENOMEM. */
int record_encode(const struct record *record, struct buffer *output);
/* -1 with errno. */
int record_write(const struct record *record, int fd);

#endif
