/* SPDX-License-Identifier: ISC */
#include "secretdir/round_note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/protocol.h"
#include "secretdir/note_json.h"

#define WORD_NOTE "secretdir-note"
#define NOTE_VERSION "1"
#define WORD_FILE "file"
#define WORD_TRANSFORM "transform"

void round_note_clear(struct round_note *note)
{
	published_clear(&note->published);
	free(note->transform);
	*note = (struct round_note){ 0 };
}

static const struct {
	const char *name;
	size_t offset;
} parts[] = {
	{ WORD_SOURCE, offsetof(struct published_file, source) },   { WORD_VERSION, offsetof(struct published_file, version) },
	{ WORD_SERVICE, offsetof(struct published_file, service) }, { WORD_STAGE, offsetof(struct published_file, stage) },
	{ WORD_CREATED, offsetof(struct published_file, created) }, { WORD_PLACE, offsetof(struct published_file, place) },
};

#define PARTS (sizeof(parts) / sizeof(*parts))

static char **file_part(struct published_file *file, size_t i)
{
	return (char **)(void *)((char *)file + parts[i].offset);
}

/* ---- Writing ---- */

static int round_note_write_file(struct published_file *file, struct buffer *text)
{
	int result = field_add_text(text, WORD_FILE, file->path);

	for (size_t i = 0; i < PARTS && result == 0; i++)
		if (**file_part(file, i))
			result = field_add_text(text, parts[i].name, *file_part(file, i));
	return result;
}

int round_note_write(const struct round_note *note, struct buffer *text)
{
	int result = field_add_text(text, WORD_NOTE, NOTE_VERSION);

	if (result == 0 && note->transform)
		result = field_add_text(text, WORD_TRANSFORM, note->transform);
	for (size_t i = 0; i < note->published.count && result == 0; i++)
		result = round_note_write_file(&note->published.files[i], text);
	return result < 0 ? -1 : field_add_text(text, WORD_END, "");
}

/* ---- Reading ---- */

static int round_note_take_part(struct round_note *note, const struct field *field, const char *text)
{
	struct published *published = &note->published;

	for (size_t i = 0; i < PARTS && published->count; i++)
		if (field_is(field, parts[i].name))
			return published_set(file_part(&published->files[published->count - 1], i), text);
	/* What a later version says besides is passed over. */
	return 0;
}

static int round_note_take(struct round_note *note, const struct field *field, const char *text)
{
	struct published_file *file;

	if (field_is(field, WORD_TRANSFORM))
		return published_set(&note->transform, text);
	if (!field_is(field, WORD_FILE))
		return round_note_take_part(note, field, text);
	file = published_add(&note->published);
	return file ? published_set(&file->path, text) : -1;
}

/* 1: it is one; 0: it is not. -1 with ENOMEM. */
static int round_note_take_all(struct round_note *note, const char *bytes, size_t size)
{
	cleanup(field_clear) struct field field = { 0 };
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
		if (!is_first && round_note_take(note, &field, text) < 0)
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
