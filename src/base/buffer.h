/* SPDX-License-Identifier: ISC
 *
 * Bytes that grow, and that are wiped when they move, shrink or end: what goes through here may be a secret. Owned by the caller;
 * `struct buffer b = {0}` is an empty one. The bytes are always followed by a NUL that does not count.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>
#include <sys/types.h>

struct buffer {
	char *bytes;
	size_t size; /* how many bytes are used */
	size_t capacity;
};

void buffer_clear(struct buffer *buffer);
#define cleanup_buffer cleanup(buffer_clear)

/* All return -1 with errno ENOMEM, and leave the buffer as it was. */
int buffer_reserve(struct buffer *buffer, size_t more);
int buffer_add(struct buffer *buffer, const void *bytes, size_t size);
int buffer_add_text(struct buffer *buffer, const char *text);
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds the text as a JSON string with its quotes: invalid UTF-8 becomes U+FFFD, and control codes are escaped. */
int buffer_add_json(struct buffer *buffer, const char *text);

/* Removes bytes from the beginning. */
void buffer_consume(struct buffer *buffer, size_t size);

/* Allocate as malloc(3) does, and wipe what is freed: for libraries that take an allocator, so that what they parse does not stay in
 * memory. */
void *wiping_malloc(size_t size);
void *wiping_realloc(void *pointer, size_t size);
void wiping_free(void *pointer);

#endif
