/* SPDX-License-Identifier: ISC */
#include "identity/ini.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"

#define FILE_MAX (1 << 20)

struct reader {
	struct ini *ini;
	struct ini_entry entry; /* the last one; its section is where we are */
	size_t indent;		/* of the key that an indented line goes on with */
	struct atomicdir_error *error;
};

void ini_clear(struct ini *ini)
{
	free(ini->path);
	free(ini->entries);
	buffer_clear(&ini->text);
	*ini = (struct ini){ 0 };
}

int ini_refuse(struct atomicdir_error *error, const struct ini_entry *entry, const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(error, ATOMICDIR_USAGE, NULL, "%.240s, line %d: %s", entry->file->path, entry->line, text);
}

const struct ini_entry *ini_find(const struct ini *ini, const char *section, const char *parent, const char *key)
{
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_entry *entry = &ini->entries[i];

		if (strcmp(entry->section, section) == 0 && strcmp(entry->key, key) == 0 &&
		    (parent ? entry->parent && strcmp(entry->parent, parent) == 0 : !entry->parent))
			return entry;
	}
	return NULL;
}

static int add(struct reader *reader)
{
	struct ini *ini = reader->ini;
	const struct ini_entry *entry = &reader->entry;
	struct ini_entry *added;

	if (ini_find(ini, entry->section, entry->parent, entry->key))
		return ini_refuse(reader->error, entry, "the %s '%.64s' stands here a second time: take one out",
				  *entry->key ? "key" : "section", *entry->key ? entry->key : entry->section);
	added = array_add(&ini->entries, &ini->count, sizeof(*added));
	if (!added)
		return error_errno(reader->error, ini->path, "cannot read");
	*added = *entry;
	return 0;
}

/* Without the white space around it. */
static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t\r\f\v");
}

static int take_section(struct reader *reader, char *line)
{
	char *end = strrchr(line, ']');

	if (!end)
		return ini_refuse(reader->error, &reader->entry, "a section has no ']'");
	*end = '\0';
	reader->entry.section = trim(line + 1);
	if (!*reader->entry.section)
		return ini_refuse(reader->error, &reader->entry, "a section has no name");
	reader->entry.parent = NULL;
	reader->entry.key = reader->entry.value = "";
	return add(reader);
}

/* "KEY = VALUE", or "KEY: VALUE". */
static int take_pair(struct reader *reader, char *line)
{
	char *sign = line + strcspn(line, "=:");

	if (!*sign || sign == line)
		return ini_refuse(reader->error, &reader->entry, "this is neither [SECTION] nor KEY = VALUE");
	*sign = '\0';
	reader->entry.key = trim(line);
	for (char *c = line; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	reader->entry.value = trim(sign + 1);
	return add(reader);
}

/* A line that is indented more than the key before it belongs to that: to its block, or to its value, which then has lines. */
static int take_indented(struct reader *reader, char *line)
{
	struct ini_entry *last = &reader->ini->entries[reader->ini->count - 1];

	if (!last->parent && *last->value) {
		/* What was between them is gone, so there is room for the line's end. */
		char *end = reader->ini->text.bytes + (last->value - reader->ini->text.bytes) + strlen(last->value);

		*end++ = '\n';
		memmove(end, line, strlen(line) + 1);
		return 0;
	}
	if (!last->parent)
		reader->entry.parent = last->key;
	return take_pair(reader, line);
}

static int take_line(struct reader *reader, char *line)
{
	size_t indent = strspn(line, " \t");
	char *text = trim(line);

	if (!*text || *text == '#' || *text == ';')
		return 0;
	if (*reader->entry.key && indent > reader->indent)
		return take_indented(reader, text);
	reader->entry.parent = NULL;
	reader->indent = indent;
	if (*text == '[')
		return take_section(reader, text);
	if (!*reader->entry.section)
		return ini_refuse(reader->error, &reader->entry, "this stands before the first [SECTION]");
	return take_pair(reader, text);
}

static int parse(struct ini *ini, struct atomicdir_error *error)
{
	struct reader reader = { .ini = ini, .entry = { .file = ini, .section = "", .key = "", .value = "" }, .error = error };
	char *line = ini->text.bytes;

	if (strlen(line) != ini->text.size)
		return error_set(error, ATOMICDIR_USAGE, ini->path, "this is no text: there is a NUL in it");
	if (strncmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	while (line) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		reader.entry.line++;
		if (take_line(&reader, line) < 0)
			return -1;
		line = end ? end + 1 : NULL;
	}
	return 0;
}

int ini_load(const char *path, bool is_named, struct ini *ini, struct atomicdir_error *error)
{
	*ini = (struct ini){ .path = strdup(path) };
	if (!ini->path || buffer_reserve(&ini->text, 1) < 0)
		return error_errno(error, path, "cannot read");
	if (read_path(path, FILE_MAX, &ini->text) < 0) {
		ini->unreadable = !is_named && errno == EACCES ? errno : 0;
		if (errno == ENOENT || errno == ENOTDIR || ini->unreadable)
			return 0;
		error_errno(error, path, "cannot read");
		if (error)
			error->kind = ATOMICDIR_USAGE;
		return -1;
	}
	return parse(ini, error);
}
