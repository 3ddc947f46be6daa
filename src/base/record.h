/* SPDX-License-Identifier: ISC
 *
 * A message of a protocol that is read or written whole: fields, up to one that is named WORD_END (protocol.h). `struct record
 * r = { 0 }` is an empty one. Its bytes may be secrets, and are wiped.
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

/* Both return -1 with ENOMEM. record_add_text() adds nothing if the text is NULL or "". */
int record_add(struct record *record, const char *name, const void *bytes, size_t size);
int record_add_text(struct record *record, const char *name, const char *text);
/* A field's text, which the record owns; NULL: there is no such field, or it is empty or has a NUL in it. */
const char *record_text(const struct record *record, const char *name);

/* 1: a record was read; 0: the stream has ended. -1 with errno, like field_read(). The record's old content is wiped. */
int record_read(struct field_reader *reader, struct record *record);
/* Appends the record's fields and `end`. -1 with ENOMEM. */
int record_encode(const struct record *record, struct buffer *output);
/* -1 with errno. */
int record_write(const struct record *record, int fd);

#endif
