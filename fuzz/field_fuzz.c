/* SPDX-License-Identifier: ISC
 *
 * Claim: fields are read as they were written, in whatever pieces they come, and nothing else passes for one
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

/* The stream comes in pieces of that size, with an interruption before each. */
static const char *stream;
static size_t stream_size, piece;
static bool is_interrupted;

static ssize_t read_piece(int fd, void *bytes, size_t size)
{
	(void)fd;
	is_interrupted = !is_interrupted;
	if (is_interrupted) {
		errno = EINTR;
		return -1;
	}
	size = size < piece ? size : piece;
	size = size < stream_size ? size : stream_size;
	memcpy(bytes, stream, size);
	stream += size;
	stream_size -= size;
	return (ssize_t)size;
}

#define read read_piece
#include "base/field.c"
#undef read

/* Reads it all, and writes what was understood once more: that is how the stream began. */
static int read_again(const char *bytes, size_t size, size_t in_pieces, struct buffer *again)
{
	struct field_reader reader = { .fd = -1 };
	struct field field = { 0 };
	int got;

	stream = bytes;
	stream_size = size;
	piece = in_pieces;
	while ((got = field_read(&reader, &field)) > 0) {
		const char *text = field_text(&field);

		must(strlen(field.name) < FIELD_NAME_SIZE && *field.name);
		must(field.value.bytes && field.value.bytes[field.value.size] == '\0');
		must(!text || strlen(text) == field.value.size);
		must(field_add(again, field.name, field.value.bytes, field.value.size) == 0);
	}
	must(got == 0 || errno == EPROTO || errno == ENODATA || errno == EMSGSIZE);
	field_clear(&field);
	field_reader_clear(&reader);
	return got < 0 ? errno : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size);
	struct buffer whole = { 0 }, pieces = { 0 };
	int errors = read_again(copy, size, SIZE_MAX, &whole);

	must(whole.size <= size && (!whole.size || memcmp(whole.bytes, copy, whole.size) == 0));
	must((errors == 0) == (whole.size == size));
	must(read_again(copy, size, size % 7 + 1, &pieces) == errors && pieces.size == whole.size);
	buffer_clear(&whole);
	buffer_clear(&pieces);
	free(copy);
	return 0;
}
