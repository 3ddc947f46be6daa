/* SPDX-License-Identifier: ISC */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/field.h"
#include "fuzz.h"

void lines_begin(struct lines *lines, const uint8_t *data, size_t size)
{
	*lines = (struct lines){ .text = fuzz_copy(data, size), .size = size };
}

void lines_end(struct lines *lines)
{
	free(lines->text);
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* In its place; returns the new size. */
static size_t unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		*to++ = *from;
		if (*from != '\\')
			continue;
		if (from[1] == 'n' || from[1] == '0') {
			to[-1] = from[1] == 'n' ? '\n' : '\0';
			from++;
		} else if (from[1] == '\\') {
			from++;
		} else if (from[1] == 'x' && digit(from[2]) >= 0 && digit(from[3]) >= 0) {
			to[-1] = (char)(digit(from[2]) * 16 + digit(from[3]));
			from += 3;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

bool lines_next(struct lines *lines)
{
	char *line = lines->text + lines->at, *end;

	if (lines->at >= lines->size)
		return false;
	end = memchr(line, '\n', lines->size - lines->at);
	if (!end)
		end = lines->text + lines->size;
	*end = '\0';
	lines->at = (size_t)(end - lines->text) + 1;
	lines->word = line;
	lines->rest = line + strcspn(line, " ");
	if (*lines->rest)
		*lines->rest++ = '\0';
	lines->rest_size = unescape(lines->rest);
	return true;
}

bool lines_is(const struct lines *lines, const char *word)
{
	return strcmp(lines->word, word) == 0;
}

const char *lines_left(struct lines *lines, size_t *size)
{
	size_t at = lines->at < lines->size ? lines->at : lines->size;

	*size = lines->size - at;
	lines->at = lines->size;
	return lines->text + at;
}

void lines_add_field(const struct lines *lines, struct buffer *output)
{
	if (lines_is(lines, "raw"))
		must(buffer_add(output, lines->rest, lines->rest_size) == 0);
	else
		must(field_add(output, lines->word, lines->rest, lines->rest_size) == 0);
}

/* ---- Mutation ---- */

struct span {
	size_t begin, size;
};

/* One of the lines, with its end. */
static struct span pick(const uint8_t *data, size_t size, unsigned number)
{
	struct span span = { 0, 0 };
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n' || i + 1 == size;
	for (size_t left = count ? number % count : 0, i = 0; i < size; i++) {
		if (data[i] != '\n' && i + 1 < size)
			continue;
		span.size = i + 1 - span.begin;
		if (!left--)
			break;
		span.begin = i + 1;
	}
	return span;
}

/* Opens a gap, or closes one. */
static size_t move_tail(uint8_t *data, size_t size, size_t from, size_t to)
{
	memmove(data + to, data + from, size - from);
	return size - from + to;
}

static size_t copy_line(uint8_t *data, size_t size, size_t max_size, struct span line, size_t to)
{
	uint8_t *copy;

	if (!line.size || size + line.size > max_size)
		return size;
	copy = (uint8_t *)fuzz_copy(data + line.begin, line.size);
	size = move_tail(data, size, to, to + line.size);
	memcpy(data + to, copy, line.size);
	free(copy);
	return size;
}

static size_t change_line(uint8_t *data, size_t size, size_t max_size, struct span line)
{
	size_t body = line.size && data[line.begin + line.size - 1] == '\n' ? line.size - 1 : line.size;
	size_t room = max_size - size + body, changed;
	uint8_t *copy;

	/* LLVMFuzzerMutate() gives one byte where it has room for none. */
	if (!room)
		return size;
	copy = realloc(fuzz_copy(data + line.begin, body), room + 1);
	must(copy);
	changed = LLVMFuzzerMutate(copy, body, room);
	size = move_tail(data, size, line.begin + body, line.begin + changed);
	memcpy(data + line.begin, copy, changed);
	free(copy);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	unsigned choice = seed % 8;
	struct span line = pick(data, size, seed / 8), place = pick(data, size, seed / 1021);

	switch (choice) {
	case 0:
		return copy_line(data, size, max_size, line, place.begin);
	case 1:
		return size > line.size ? move_tail(data, size, line.begin + line.size, line.begin) : size;
	case 2:
		return LLVMFuzzerMutate(data, size, max_size);
	default:
		return change_line(data, size, max_size, line);
	}
}
