/* SPDX-License-Identifier: ISC
 *
 * What secretdir and its fetchers say to each other over pipes: a stream of fields, each "NAME SIZE\n", SIZE bytes, "\n". NAME
 * is of a-z, 0-9 and '-'. The bytes may be a secret: what holds them is wiped.
 */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include <stdbool.h>

#include "base/buffer.h"

#define FIELD_NAME_SIZE 32
#define FIELD_VALUE_MAX (32 << 20)

struct field {
	char name[FIELD_NAME_SIZE];
	struct buffer value;
};

struct field_reader {
	int fd;		     /* stays the caller's */
	struct buffer input; /* bytes that were read and not yet returned as fields */
	/* Called before each read(2), to wait until that does not block. -1 with errno: field_read() returns that. NULL:
	 * read(2) blocks. */
	int (*before_read)(void *context);
	void *context;
};

/* 1: a field was read; 0: the stream has ended. -1 with errno: EPROTO, malformed; ENODATA, the stream ended inside a field;
 * EMSGSIZE, a value longer than FIELD_VALUE_MAX. */
int field_read(struct field_reader *reader, struct field *field);
/* The same from bytes that are in memory already: takes one field from their beginning. 1; 0: there are none left. -1 with
 * errno, as above. */
int field_take(const char **bytes, size_t *size, struct field *field);
bool field_is(const struct field *field, const char *name);
/* The value as text, which the field owns; NULL if it has a NUL in it. */
const char *field_text(const struct field *field);

void field_clear(struct field *field);
void field_reader_clear(struct field_reader *reader);

/* Appends a field to `output`. -1 with ENOMEM. */
int field_add(struct buffer *output, const char *name, const void *bytes, size_t size);
int field_add_text(struct buffer *output, const char *name, const char *text);

#endif
