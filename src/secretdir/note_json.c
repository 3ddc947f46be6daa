/* SPDX-License-Identifier: ISC */
#include "secretdir/note_json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/buffer.h"

/* What is still to be read. An escape that our own writer does not make is no such note. */
struct reading {
	const char *at;
	bool is_bad, is_out_of_memory;
};

static bool reading_take(struct reading *reading, const char *token)
{
	size_t size = strlen(token);

	if (strncmp(reading->at, token, size) != 0)
		return false;
	reading->at += size;
	return true;
}

static void reading_require(struct reading *reading, const char *token)
{
	if (!reading_take(reading, token))
		reading->is_bad = true;
}

static void reading_add(struct reading *reading, struct buffer *text, char byte)
{
	if (buffer_add(text, &byte, 1) < 0)
		reading->is_bad = reading->is_out_of_memory = true;
}

/* The writer escapes '"', '\\' and control codes, the latter as \u00NN. */
static void reading_take_escape(struct reading *reading, struct buffer *text)
{
	static const char hex[] = "0123456789abcdef";
	const char *high, *low;

	if (*reading->at == '"' || *reading->at == '\\') {
		reading_add(reading, text, *reading->at++);
		return;
	}
	reading_require(reading, "u00");
	high = !reading->is_bad && *reading->at ? strchr(hex, reading->at[0]) : NULL;
	low = high && reading->at[1] ? strchr(hex, reading->at[1]) : NULL;
	reading->is_bad = reading->is_bad || !low || (high == hex && low == hex);
	if (reading->is_bad)
		return;
	/* U+0080 to U+009F have two bytes, of which the second is the number. */
	if (high - hex >= 8)
		reading_add(reading, text, '\xc2');
	reading_add(reading, text, (char)((high - hex) * 16 + (low - hex)));
	reading->at += 2;
}

static void reading_take_text(struct reading *reading, struct buffer *text)
{
	reading_require(reading, "\"");
	while (!reading->is_bad && *reading->at != '"') {
		if (!*reading->at)
			reading->is_bad = true;
		else if (reading_take(reading, "\\"))
			reading_take_escape(reading, text);
		else
			reading_add(reading, text, *reading->at++);
	}
	reading_require(reading, "\"");
}

static char **file_text(struct published_file *file, const char *name)
{
	const struct {
		const char *name;
		char **text;
	} texts[] = {
		{ "path", &file->path },       { "source", &file->source }, { "version", &file->version },
		{ "service", &file->service }, { "stage", &file->stage },   { "created", &file->created },
		{ "place", &file->place },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].text;
	return NULL;
}

static void reading_take_member(struct reading *reading, struct published_file *file)
{
	cleanup_buffer struct buffer name = { 0 }, value = { 0 };
	char **text;

	reading_take_text(reading, &name);
	reading_require(reading, ":");
	reading_take_text(reading, &value);
	text = !reading->is_bad && name.size ? file_text(file, name.bytes) : NULL;
	if (text && published_set(text, value.size ? value.bytes : "") < 0)
		reading->is_bad = reading->is_out_of_memory = true;
}

static void reading_take_file(struct reading *reading, struct published *published)
{
	struct published_file *file = published_add(published);

	if (!file)
		reading->is_bad = reading->is_out_of_memory = true;
	reading_require(reading, "{");
	while (!reading->is_bad) {
		reading_take_member(reading, file);
		if (!reading_take(reading, ","))
			break;
	}
	reading_require(reading, "}");
}

int note_json_parse(const char *text, struct published *published)
{
	struct reading reading = { .at = text };

	reading_require(&reading, "{\"entries\":[");
	while (!reading.is_bad && *reading.at != ']') {
		reading_take_file(&reading, published);
		if (!reading_take(&reading, ","))
			break;
	}
	reading_require(&reading, "]}");
	if (reading.is_out_of_memory)
		return -1;
	return !reading.is_bad;
}
