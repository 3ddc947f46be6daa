/* SPDX-License-Identifier: ISC */
#include "json/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"

#define STEPS_MAX 128
#define INDEX_DIGITS_MAX 9
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS "0123456789"

struct reader {
	const char *text, *at;
	struct query *query;
	const char *why;
};

static int refuse(struct reader *reader, const char *why)
{
	reader->why = why;
	return -1;
}

/* What else JMESPath has, by the character that it begins with. */
static int refuse_rest(struct reader *reader)
{
	static const struct {
		char character;
		const char *why;
	} rest[] = {
		{ '*', "a wildcard names more than one value; name the one that is wanted" },
		{ '|', "pipes are not supported; write the whole path with '.' and [N]" },
		{ '(', "functions are not supported; name the value itself" },
		{ '{', "a multi-select makes a new value; name one that is there" },
		{ '&', "expression types are not supported; name the value itself" },
		{ '@', "'@' is not supported; begin with a name, or with [N]" },
		{ '`', "literals are not supported; name a value that is there" },
		{ '\'', "raw strings are not supported; a name that needs quotes stands in double ones" },
		{ '-', "a name that holds '-' stands in double quotes, as in \"user-name\"" },
	};

	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
		if (*reader->at == rest[i].character)
			return refuse(reader, rest[i].why);
	return refuse(reader, *reader->at ? "this cannot stand here; a path is of names, '.' and [N]"
					  : "it ends where a name or [N] is expected");
}

static void skip_space(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t\r\n");
}

static struct query_step *add_step(struct reader *reader)
{
	struct query *query = reader->query;
	struct query_step *step;

	if (query->count == STEPS_MAX) {
		refuse(reader, "the path is too long");
		return NULL;
	}
	step = array_add(&query->steps, &query->count, sizeof(*step));
	if (!step)
		refuse(reader, "memory is out");
	return step;
}

static int take_name(struct reader *reader)
{
	size_t size = strspn(reader->at, LETTERS DIGITS);
	struct query_step *step = add_step(reader);

	if (!step)
		return -1;
	step->name = strndup(reader->at, size);
	step->size = size;
	reader->at += size;
	return step->name ? 0 : refuse(reader, "memory is out");
}

static int take_hex(struct reader *reader, unsigned *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *digit = *reader->at ? strchr(digits, *reader->at | 0x20) : NULL;

		if (!digit)
			return refuse(reader, "\\u has four hexadecimal digits");
		*unit = *unit * 16 + (unsigned)(digit - digits);
		reader->at++;
	}
	return 0;
}

static char *put_character(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xe0 | code >> 12);
		} else {
			*to++ = (char)(0xf0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

/* After "\u". */
static int take_unicode(struct reader *reader, char **to)
{
	unsigned code, low;

	if (take_hex(reader, &code) < 0)
		return -1;
	if (code >= 0xdc00 && code <= 0xdfff)
		return refuse(reader, "half a surrogate pair");
	if (code >= 0xd800 && code <= 0xdbff) {
		if (reader->at[0] != '\\' || reader->at[1] != 'u')
			return refuse(reader, "half a surrogate pair");
		reader->at += 2;
		if (take_hex(reader, &low) < 0)
			return -1;
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(reader, "half a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	*to = put_character(*to, code);
	return 0;
}

static int take_escape(struct reader *reader, char **to)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *letter = reader->at[1] ? strchr(letters, reader->at[1]) : NULL;

	if (!letter && reader->at[1] != 'u')
		return refuse(reader, "an escape that JSON does not have");
	reader->at += 2;
	if (!letter)
		return take_unicode(reader, to);
	*(*to)++ = bytes[letter - letters];
	return 0;
}

/* A JSON string; what is decoded is never longer than what is written. */
static int take_quoted(struct reader *reader)
{
	struct query_step *step = add_step(reader);
	char *to;

	if (!step)
		return -1;
	to = step->name = malloc(strlen(reader->at) + 1);
	if (!to)
		return refuse(reader, "memory is out");
	for (reader->at++; *reader->at != '"';) {
		if (!*reader->at)
			return refuse(reader, "the double quote is not closed");
		if ((unsigned char)*reader->at < 0x20)
			return refuse(reader, "a control character inside of quotes is written as \\uNNNN");
		if (*reader->at != '\\')
			*to++ = *reader->at++;
		else if (take_escape(reader, &to) < 0)
			return -1;
	}
	reader->at++;
	*to = '\0';
	step->size = (size_t)(to - step->name);
	return step->size ? 0 : refuse(reader, "the name is empty");
}

/* After '['. */
static int refuse_bracket(struct reader *reader)
{
	static const char *const whys[] = {
		['?'] = "a filter names more than one value; name the one that is wanted by its index",
		[']'] = "flattening names more than one value; name the one that is wanted by its index",
		['*'] = "a wildcard names more than one value; name the one that is wanted by its index",
		[':'] = "a slice names more than one value; name the one that is wanted by its index",
	};
	unsigned char c = (unsigned char)*reader->at;

	return refuse(reader,
		      c < sizeof(whys) / sizeof(*whys) && whys[c] ? whys[c] : "between [ and ] stands one whole number");
}

static int take_index(struct reader *reader)
{
	struct query_step *step;
	char *end;
	size_t digits;

	reader->at++;
	skip_space(reader);
	digits = strspn(reader->at + (*reader->at == '-'), DIGITS);
	if (!digits)
		return refuse_bracket(reader);
	if (digits > INDEX_DIGITS_MAX)
		return refuse(reader, "no list is so long");
	step = add_step(reader);
	if (!step)
		return -1;
	step->index = strtol(reader->at, &end, 10);
	reader->at = end;
	skip_space(reader);
	if (*reader->at != ']')
		return refuse_bracket(reader);
	reader->at++;
	return 0;
}

static int take_step(struct reader *reader, bool is_first)
{
	if (*reader->at == '[')
		return take_index(reader);
	if (!is_first) {
		if (*reader->at != '.')
			return refuse_rest(reader);
		reader->at++;
		skip_space(reader);
		if (*reader->at == '[')
			return refuse(reader, "a multi-select makes a new value; an index has no '.' before it");
	}
	if (*reader->at == '"')
		return take_quoted(reader);
	return *reader->at && strchr(LETTERS, *reader->at) ? take_name(reader) : refuse_rest(reader);
}

static size_t count_characters(const char *text, const char *end)
{
	size_t count = 0;

	for (; text < end; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

int query_parse(const char *text, struct query *query, size_t *column, const char **why)
{
	struct reader reader = { .text = text, .at = text, .query = query };
	int result = utf8_is_valid(text, strlen(text)) ? 0 : refuse(&reader, "it is not UTF-8");

	*query = (struct query){ 0 };
	if (result == 0)
		skip_space(&reader);
	while (result == 0 && (*reader.at || !query->count)) {
		result = take_step(&reader, !query->count);
		if (result == 0)
			skip_space(&reader);
	}
	if (result == 0)
		return 0;
	*column = 1 + count_characters(text, reader.at);
	*why = reader.why;
	query_clear(query);
	return -1;
}

void query_clear(struct query *query)
{
	for (size_t i = 0; i < query->count; i++)
		free(query->steps[i].name);
	free(query->steps);
	*query = (struct query){ 0 };
}
