/* SPDX-License-Identifier: ISC */
#include "secretdir/round_note.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/protocol.h"
#include "secretdir/note_json.h"

#define WORD_NOTE "secretdir-note"
#define NOTE_VERSION "1"
#define WORD_FILE "file"
#define WORD_TRANSFORM "transform"
#define WORD_SEALED "sealed"
#define WORD_MADE "made"

/* ---- Secrets ---- */

#define NOTED_TEXTS (sizeof(struct noted) / sizeof(char *))

static char **noted_text(const struct noted *secret, size_t i)
{
	return (char **)(uintptr_t)secret + i;
}

struct noted *round_note_add(struct round_note *note)
{
	struct noted *secret = array_add(&note->secrets, &note->secret_count, sizeof(*secret));

	for (size_t i = 0; secret && i < NOTED_TEXTS; i++)
		if (!(*noted_text(secret, i) = strdup("")))
			return NULL;
	return secret;
}

int round_note_copy(struct round_note *note, const struct noted *secret)
{
	const struct noted *copy = round_note_add(note);

	for (size_t i = 0; copy && i < NOTED_TEXTS; i++)
		if (published_set(noted_text(copy, i), *noted_text(secret, i)) < 0)
			return -1;
	return copy ? 0 : -1;
}

void round_note_clear_secrets(struct round_note *note)
{
	for (size_t i = 0; i < note->secret_count; i++)
		for (size_t j = 0; j < NOTED_TEXTS; j++)
			free(*noted_text(&note->secrets[i], j));
	free_pointer(&note->secrets);
	note->secret_count = 0;
}

size_t note_index(const char *index)
{
	return *index ? strtoul(index, NULL, 10) : SIZE_MAX;
}

void round_note_clear(struct round_note *note)
{
	published_clear(&note->published);
	published_clear(&note->made);
	texts_clear(&note->entries);
	round_note_clear_secrets(note);
	free(note->transform);
	*note = (struct round_note){ 0 };
}

/* ---- Parts ---- */

struct part {
	const char *name;
	size_t offset;
};

/* Of files. */
static const struct part parts[] = {
	{ WORD_SOURCE, offsetof(struct published_file, source) },   { WORD_VERSION, offsetof(struct published_file, version) },
	{ WORD_SERVICE, offsetof(struct published_file, service) }, { WORD_STAGE, offsetof(struct published_file, stage) },
	{ WORD_CREATED, offsetof(struct published_file, created) }, { WORD_PLACE, offsetof(struct published_file, place) },
	{ WORD_INDEX, offsetof(struct published_file, index) },	    { WORD_SEALED, offsetof(struct published_file, sealed) },
};

static const struct part secret_parts[] = {
	{ WORD_INDEX, offsetof(struct noted, index) },	   { WORD_NAME, offsetof(struct noted, name) },
	{ WORD_ARN, offsetof(struct noted, arn) },	   { WORD_VERSION, offsetof(struct noted, version) },
	{ WORD_VERSIONS, offsetof(struct noted, stages) },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char **part_at(const void *item, const struct part *part)
{
	return (char **)((uintptr_t)item + part->offset);
}

/* ---- Writing ---- */

static int parts_write(const void *item, const struct part *part, size_t count, struct buffer *text)
{
	for (size_t i = 0; i < count; i++)
		if (**part_at(item, &part[i]) && field_add_text(text, part[i].name, *part_at(item, &part[i])) < 0)
			return -1;
	return 0;
}

static int files_write(const struct published *published, const char *name, struct buffer *text)
{
	for (size_t i = 0; i < published->count; i++)
		if (field_add_text(text, name, published->files[i].path) < 0 ||
		    parts_write(&published->files[i], parts, COUNT(parts), text) < 0)
			return -1;
	return 0;
}

/* Files stand last: an earlier version takes what comes before the first one for nothing of theirs. */
int round_note_write(const struct round_note *note, struct buffer *text)
{
	int result = field_add_text(text, WORD_NOTE, NOTE_VERSION);

	if (result == 0 && note->transform)
		result = field_add_text(text, WORD_TRANSFORM, note->transform);
	for (size_t i = 0; i < note->entries.count && result == 0; i++)
		result = field_add_text(text, WORD_ENTRY, note->entries.items[i]);
	for (size_t i = 0; i < note->secret_count && result == 0; i++) {
		const struct noted *secret = &note->secrets[i];

		result = field_add_text(text, WORD_SECRET, secret->source);
		if (result == 0)
			result = parts_write(secret, secret_parts, COUNT(secret_parts), text);
	}
	if (result < 0 || files_write(&note->published, WORD_FILE, text) < 0 || files_write(&note->made, WORD_MADE, text) < 0)
		return -1;
	return field_add_text(text, WORD_END, "");
}

/* ---- Reading ---- */

/* What the parts that come next are of. */
struct reading {
	struct round_note *note;
	void *item; /* NULL: nothing */
	const struct part *parts;
	size_t count;
};

/* What a later version says besides is passed over. */
static int reading_take_part(struct reading *reading, const struct field *field, const char *text)
{
	for (size_t i = 0; i < reading->count && reading->item; i++)
		if (field_is(field, reading->parts[i].name))
			return published_set(part_at(reading->item, &reading->parts[i]), text);
	return 0;
}

static int reading_begin_file(struct reading *reading, struct published *published, const char *text)
{
	struct published_file *file = published_add(published);

	*reading = (struct reading){ reading->note, file, parts, COUNT(parts) };
	return file ? published_set(&file->path, text) : -1;
}

static int reading_begin_secret(struct reading *reading, const char *text)
{
	struct noted *secret = round_note_add(reading->note);

	*reading = (struct reading){ reading->note, secret, secret_parts, COUNT(secret_parts) };
	return secret ? published_set(&secret->source, text) : -1;
}

static int round_note_take(struct reading *reading, const struct field *field, const char *text)
{
	struct round_note *note = reading->note;

	if (field_is(field, WORD_TRANSFORM))
		return published_set(&note->transform, text);
	if (field_is(field, WORD_ENTRY))
		return texts_add(&note->entries, text) < 0 ? -1 : 0;
	if (field_is(field, WORD_SECRET))
		return reading_begin_secret(reading, text);
	if (field_is(field, WORD_FILE))
		return reading_begin_file(reading, &note->published, text);
	if (field_is(field, WORD_MADE))
		return reading_begin_file(reading, &note->made, text);
	return reading_take_part(reading, field, text);
}

/* 1: it is one; 0: it is not. -1 with ENOMEM. */
static int round_note_take_all(struct round_note *note, const char *bytes, size_t size)
{
	cleanup(field_clear) struct field field = { 0 };
	struct reading reading = { .note = note };
	bool is_first = true;

	for (;;) {
		int got = field_take(&bytes, &size, &field);
		const char *text = got > 0 ? field_text(&field) : NULL;

		if (got < 0 && errno == ENOMEM)
			return -1;
		if (!text || (is_first && (!field_is(&field, WORD_NOTE) || strcmp(text, NOTE_VERSION) != 0)))
			return 0;
		if (field_is(&field, WORD_END))
			return 1;
		if (!is_first && round_note_take(&reading, &field, text) < 0)
			return -1;
		is_first = false;
	}
}

int round_note_parse(struct round_note *note, const char *bytes, size_t size)
{
	int result;

	round_note_clear(note);
	result = size && *bytes == '{' ? note_json_parse(bytes, &note->published) : round_note_take_all(note, bytes, size);
	if (result > 0)
		return 0;
	round_note_clear(note);
	note->is_unknown = true;
	return result;
}

int round_note_read(const char *link, struct round_note *note, struct atomicdir_error *error)
{
	struct atomicdir_error why;
	cleanup_free void *bytes = NULL;
	ssize_t size = atomicdir_read_note(link, -1, &bytes, &why);

	round_note_clear(note);
	note->is_unknown = size < 0 ? why.kind != ATOMICDIR_NO_GENERATION : size == 0;
	if (size <= 0)
		return 0;
	return round_note_parse(note, bytes, (size_t)size) < 0 ? error_errno(error, link, "cannot read the note of") : 0;
}
