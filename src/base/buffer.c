/* SPDX-License-Identifier: ISC */
#include "base/buffer.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void buffer_clear(struct buffer *buffer)
{
	if (buffer->bytes)
		wiping_free(buffer->bytes);
	*buffer = (struct buffer){ 0 };
}

int buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity ? buffer->capacity : 64;
	char *bytes;

	if (more >= SIZE_MAX / 4 - buffer->size) {
		errno = ENOMEM;
		return -1;
	}
	if (buffer->bytes && buffer->size + more < buffer->capacity)
		return 0;
	while (capacity <= buffer->size + more)
		capacity *= 2;
	bytes = wiping_realloc(buffer->bytes, capacity);
	if (!bytes)
		return -1;
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	buffer->bytes[buffer->size] = '\0';
	return 0;
}

int buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
	if (buffer_reserve(buffer, size) < 0)
		return -1;
	if (size)
		memcpy(buffer->bytes + buffer->size, bytes, size);
	buffer->size += size;
	buffer->bytes[buffer->size] = '\0';
	return 0;
}

int buffer_add_text(struct buffer *buffer, const char *text)
{
	return buffer_add(buffer, text, strlen(text));
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (size < 0 || buffer_reserve(buffer, (size_t)size) < 0)
		return -1;
	va_start(arguments, format);
	vsnprintf(buffer->bytes + buffer->size, (size_t)size + 1, format, arguments);
	va_end(arguments);
	buffer->size += (size_t)size;
	return 0;
}

int buffer_add_json(struct buffer *buffer, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (buffer_add(buffer, "\"", 1) < 0)
		return -1;
	while (*c) {
		size_t length = utf8_length(c);
		int done;

		if (!length)
			done = buffer_add_text(buffer, "\xef\xbf\xbd");
		else if (*c == '"' || *c == '\\')
			done = buffer_printf(buffer, "\\%c", *c);
		else if (!utf8_printable_length(c))
			done = buffer_printf(buffer, "\\u%04x",
					     c[length - 1]); /* the last byte of U+0080 to U+009F is the number */
		else
			done = buffer_add(buffer, c, length);
		if (done < 0)
			return -1;
		c += length ? length : 1;
	}
	return buffer_add(buffer, "\"", 1);
}

void buffer_consume(struct buffer *buffer, size_t size)
{
	memmove(buffer->bytes, buffer->bytes + size, buffer->size - size);
	explicit_bzero(buffer->bytes + buffer->size - size, size);
	buffer->size -= size;
}

void *wiping_malloc(size_t size)
{
	return malloc(size ? size : 1);
}

/* realloc(3) would leave a copy of the bytes in freed memory. */
void *wiping_realloc(void *pointer, size_t size)
{
	size_t old = pointer ? malloc_usable_size(pointer) : 0;
	void *moved;

	if (old >= size && pointer)
		return pointer;
	moved = malloc(size ? size : 1);
	if (!moved)
		return NULL;
	if (old)
		memcpy(moved, pointer, old);
	wiping_free(pointer);
	return moved;
}

void wiping_free(void *pointer)
{
	if (pointer)
		explicit_bzero(pointer, malloc_usable_size(pointer));
	free(pointer);
}
