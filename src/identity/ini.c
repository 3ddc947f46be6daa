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

#define FILE_MAX (16 << 20)

struct reader {
	struct ini *ini;
	struct ini_entry entry; /* the last one; its section is where we are */
	size_t indent;		/* of the key that an indented line goes on with */
	char *value_end;	/* of the last one's value, where the next line of it goes */
	struct atomicdir_error *error;
};

void ini_clear(struct ini *ini)
{
	free(ini->path);
	free(ini->entries);
	free(ini->sorted);
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

/* ---- Finding ---- */

static int entry_compare_texts(const char *one, const char *other)
{
	return one == other ? 0 : strcmp(one, other);
}

/* By section, block and key. What is in no block comes before what is in one. */
static int entry_compare(const struct ini_entry *one, const struct ini_entry *other)
{
	int order = entry_compare_texts(one->section, other->section);

	if (!order && (!one->parent || !other->parent))
		order = (one->parent != NULL) - (other->parent != NULL);
	else if (!order)
		order = entry_compare_texts(one->parent, other->parent);
	return order ? order : entry_compare_texts(one->key, other->key);
}

/* Where two are called the same, the earlier one is first. */
static int entry_compare_for_sort(const void *one, const void *other)
{
	const struct ini_entry *const *entry = one, *const *later = other;
	int order = entry_compare(*entry, *later);

	return order ? order : (*entry > *later) - (*entry < *later);
}

static int entry_compare_for_search(const void *wanted, const void *item)
{
	return entry_compare(wanted, *(const struct ini_entry *const *)item);
}

const struct ini_entry *ini_find(const struct ini *ini, const char *section, const char *parent, const char *key)
{
	const struct ini_entry wanted = { .section = section, .parent = parent, .key = key };
	const struct ini_entry **found =
		ini->count ? bsearch(&wanted, ini->sorted, ini->count, sizeof(*ini->sorted), entry_compare_for_search) : NULL;

	return found ? *found : NULL;
}

static int ini_sort(struct ini *ini)
{
	ini->sorted = calloc(ini->count + 1, sizeof(*ini->sorted));
	if (!ini->sorted)
		return -1;
	for (size_t i = 0; i < ini->count; i++)
		ini->sorted[i] = &ini->entries[i];
	qsort(ini->sorted, ini->count, sizeof(*ini->sorted), entry_compare_for_sort);
	return 0;
}

/* The first one in the file that is called as one before it. */
static const struct ini_entry *ini_find_repeated(const struct ini *ini)
{
	const struct ini_entry *first = NULL;

	for (size_t i = 1; i < ini->count; i++)
		if (entry_compare(ini->sorted[i - 1], ini->sorted[i]) == 0 && (!first || ini->sorted[i] < first))
			first = ini->sorted[i];
	return first;
}

static int ini_index(struct ini *ini, struct atomicdir_error *error)
{
	const struct ini_entry *repeated;

	if (ini_sort(ini) < 0)
		return error_errno(error, ini->path, "cannot read");
	repeated = ini_find_repeated(ini);
	if (!repeated)
		return 0;
	return ini_refuse(error, repeated, "the %s '%.64s' occurs a second time: remove one of them",
			  *repeated->key ? "key" : "section", *repeated->key ? repeated->key : repeated->section);
}

/* ---- Reading ---- */

static int reader_add(struct reader *reader)
{
	struct ini *ini = reader->ini;
	struct ini_entry *added = array_add(&ini->entries, &ini->count, sizeof(*added));

	if (!added)
		return error_errno(reader->error, ini->path, "cannot read");
	*added = reader->entry;
	return 0;
}

/* Without the white space around it. */
static char *line_trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t\r\f\v");
}

static int reader_take_section(struct reader *reader, char *line)
{
	char *end = strrchr(line, ']');

	if (!end)
		return ini_refuse(reader->error, &reader->entry, "a section has no ']'");
	*end = '\0';
	reader->entry.section = line_trim(line + 1);
	if (!*reader->entry.section)
		return ini_refuse(reader->error, &reader->entry, "a section has no name");
	reader->entry.parent = NULL;
	reader->entry.key = reader->entry.value = "";
	return reader_add(reader);
}

/* "KEY = VALUE", or "KEY: VALUE". */
static int reader_take_pair(struct reader *reader, char *line)
{
	char *sign = line + strcspn(line, "=:"), *value;

	if (!*sign || sign == line)
		return ini_refuse(reader->error, &reader->entry, "this is neither [SECTION] nor KEY = VALUE");
	*sign = '\0';
	reader->entry.key = line_trim(line);
	for (char *c = line; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	reader->entry.value = value = line_trim(sign + 1);
	reader->value_end = value + strlen(value);
	return reader_add(reader);
}

/* A line that is indented more than the key before it belongs to that: to its block, or to its value, which then has lines. */
static int reader_take_indented(struct reader *reader, char *line)
{
	struct ini_entry *last = &reader->ini->entries[reader->ini->count - 1];

	if (!last->parent && *last->value) {
		size_t size = strlen(line);

		/* What was between them is gone, so there is room for the line's end. */
		*reader->value_end++ = '\n';
		memmove(reader->value_end, line, size + 1);
		reader->value_end += size;
		return 0;
	}
	if (!last->parent)
		reader->entry.parent = last->key;
	return reader_take_pair(reader, line);
}

static int reader_take_line(struct reader *reader, char *line)
{
	size_t indent = strspn(line, " \t");
	char *text = line_trim(line);

	if (!*text || *text == '#' || *text == ';')
		return 0;
	if (*reader->entry.key && indent > reader->indent)
		return reader_take_indented(reader, text);
	reader->entry.parent = NULL;
	reader->indent = indent;
	if (*text == '[')
		return reader_take_section(reader, text);
	if (!*reader->entry.section)
		return ini_refuse(reader->error, &reader->entry, "this stands before the first [SECTION]");
	return reader_take_pair(reader, text);
}

static int ini_parse(struct ini *ini, struct atomicdir_error *error)
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
		if (reader_take_line(&reader, line) < 0)
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
	return ini_parse(ini, error) < 0 ? -1 : ini_index(ini, error);
}
