/* SPDX-License-Identifier: ISC */
#include "base/field.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* NAME, ' ', SIZE, '\n'. */
#define HEADER_MAX (FIELD_NAME_SIZE + 16)
#define CHUNK 16384

/* How many more bytes came; 0 at the end. */
static ssize_t read_more(struct field_reader *reader)
{
	ssize_t got;

	if (buffer_reserve(&reader->input, CHUNK) < 0 || (reader->before_read && reader->before_read(reader->context) < 0))
		return -1;
	do
		got = read(reader->fd, reader->input.bytes + reader->input.size, CHUNK);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		reader->input.size += (size_t)got;
	return got;
}

static int refuse(int errnum)
{
	errno = errnum;
	return -1;
}

/* 1: the input begins with so many bytes; 0: it is empty and stays so. */
static int require(struct field_reader *reader, size_t size)
{
	while (reader->input.size < size) {
		ssize_t got = read_more(reader);

		if (got < 0)
			return -1;
		if (!got)
			return reader->input.size ? refuse(ENODATA) : 0;
	}
	return 1;
}

/* How long the header is; 0 if the stream has ended. */
static ssize_t find_header(struct field_reader *reader)
{
	for (;;) {
		size_t size = reader->input.size < HEADER_MAX ? reader->input.size : HEADER_MAX;
		const char *end = size ? memchr(reader->input.bytes, '\n', size) : NULL;
		int got;

		if (end)
			return end - reader->input.bytes + 1;
		if (size == HEADER_MAX)
			return refuse(EPROTO);
		got = require(reader, reader->input.size + 1);
		if (got <= 0)
			return got;
	}
}

static int parse_header(const char *header, struct field *field, size_t *size)
{
	size_t name = strspn(header, "abcdefghijklmnopqrstuvwxyz0123456789-");
	const char *digits = header + name + 1;
	size_t count;

	if (!name || name >= FIELD_NAME_SIZE || header[name] != ' ')
		return refuse(EPROTO);
	count = strspn(digits, "0123456789");
	if (!count || digits[count] != '\n' || (count > 1 && *digits == '0'))
		return refuse(EPROTO);
	*size = 0;
	for (size_t i = 0; i < count; i++) {
		*size = *size * 10 + (size_t)(digits[i] - '0');
		if (*size > FIELD_VALUE_MAX)
			return refuse(EMSGSIZE);
	}
	memcpy(field->name, header, name);
	field->name[name] = '\0';
	return 0;
}

int field_read(struct field_reader *reader, struct field *field)
{
	ssize_t header = find_header(reader);
	size_t size;
	int got;

	field_clear(field);
	if (header <= 0)
		return (int)header;
	if (parse_header(reader->input.bytes, field, &size) < 0)
		return -1;
	buffer_consume(&reader->input, (size_t)header);
	got = require(reader, size + 1);
	if (got <= 0)
		return got < 0 ? -1 : refuse(ENODATA);
	if (reader->input.bytes[size] != '\n')
		return refuse(EPROTO);
	if (buffer_add(&field->value, reader->input.bytes, size) < 0)
		return -1;
	buffer_consume(&reader->input, size + 1);
	return 1;
}

int field_take(const char **bytes, size_t *size, struct field *field)
{
	char header[HEADER_MAX + 1] = "";
	size_t limit = *size < HEADER_MAX ? *size : HEADER_MAX, value, used;
	const char *end = *size ? memchr(*bytes, '\n', limit) : NULL;

	field_clear(field);
	if (!*size)
		return 0;
	if (!end)
		return refuse(limit < HEADER_MAX ? ENODATA : EPROTO);
	used = (size_t)(end - *bytes) + 1;
	memcpy(header, *bytes, used);
	if (parse_header(header, field, &value) < 0)
		return -1;
	if (*size - used < value + 1)
		return refuse(ENODATA);
	if ((*bytes)[used + value] != '\n')
		return refuse(EPROTO);
	if (buffer_add(&field->value, *bytes + used, value) < 0)
		return -1;
	*bytes += used + value + 1;
	*size -= used + value + 1;
	return 1;
}

bool field_is(const struct field *field, const char *name)
{
	return strcmp(field->name, name) == 0;
}

const char *field_text(const struct field *field)
{
	return memchr(field->value.bytes, '\0', field->value.size) ? NULL : field->value.bytes;
}

void field_clear(struct field *field)
{
	buffer_clear(&field->value);
	field->name[0] = '\0';
}

void field_reader_clear(struct field_reader *reader)
{
	buffer_clear(&reader->input);
}

int field_add(struct buffer *output, const char *name, const void *bytes, size_t size)
{
	if (buffer_printf(output, "%s %zu\n", name, size) < 0 || buffer_add(output, bytes, size) < 0)
		return -1;
	return buffer_add(output, "\n", 1);
}

int field_add_text(struct buffer *output, const char *name, const char *text)
{
	return field_add(output, name, text, strlen(text));
}
