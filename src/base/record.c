/* SPDX-License-Identifier: ISC */
#include "base/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/protocol.h"

void record_clear(struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		field_clear(&record->fields[i]);
	free(record->fields);
	*record = (struct record){ 0 };
}

int record_add(struct record *record, const char *name, const void *bytes, size_t size)
{
	struct field *field = array_add(&record->fields, &record->count, sizeof(*field));

	if (!field)
		return -1;
	snprintf(field->name, sizeof(field->name), "%s", name);
	/* So that there are bytes even where there is no text. */
	return buffer_reserve(&field->value, size + 1) < 0 ? -1 : buffer_add(&field->value, bytes, size);
}

int record_add_text(struct record *record, const char *name, const char *text)
{
	return text && *text ? record_add(record, name, text, strlen(text)) : 0;
}

const char *record_text(const struct record *record, const char *name)
{
	const char *text = NULL;

	for (size_t i = 0; i < record->count && !text; i++)
		if (field_is(&record->fields[i], name))
			text = field_text(&record->fields[i]);
	return text && *text ? text : NULL;
}

/* Its bytes go from one to the other, so that there is one copy of them. */
static int record_take_field(struct record *record, struct field *field)
{
	struct field *taken = array_add(&record->fields, &record->count, sizeof(*taken));

	if (!taken)
		return -1;
	*taken = *field;
	*field = (struct field){ 0 };
	return 0;
}

int record_read(struct field_reader *reader, struct record *record)
{
	cleanup(field_clear) struct field field = { 0 };

	record_clear(record);
	for (;;) {
		int got = field_read(reader, &field);

		if (got == 0 && record->count) {
			errno = ENODATA;
			return -1;
		}
		if (got <= 0)
			return got;
		if (field_is(&field, WORD_END))
			return 1;
		if (record_take_field(record, &field) < 0)
			return -1;
	}
}

int record_encode(const struct record *record, struct buffer *output)
{
	for (size_t i = 0; i < record->count; i++)
		if (field_add(output, record->fields[i].name, record->fields[i].value.bytes, record->fields[i].value.size) < 0)
			return -1;
	return field_add_text(output, WORD_END, "");
}

int record_write(const struct record *record, int fd)
{
	cleanup_buffer struct buffer output = { 0 };

	return record_encode(record, &output) < 0 ? -1 : write_all(fd, output.bytes, output.size);
}
