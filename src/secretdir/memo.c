/* SPDX-License-Identifier: ISC */
#include "secretdir/memo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/field.h"
#include "base/file.h"
#include "base/protocol.h"

#define WORD_MEMO "secretdir-memo"
#define MEMO_VERSION "1"
#define WORD_KEYS_ASKED "keys-asked"
#define WORD_HIDDEN "hidden"
#define WORD_STALE "stale"
#define WORD_TOLD "told"
#define END_SIZE 8 /* of "end 0\n\n", and one to spare */

void memo_clear(struct memo *memo)
{
	texts_clear(&memo->hidden);
	texts_clear(&memo->stale);
	texts_clear(&memo->told);
	*memo = (struct memo){ 0 };
}

/* ---- Writing ---- */

static int memo_write_number(struct buffer *bytes, const char *name, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return field_add_text(bytes, name, text);
}

static int memo_write_texts(struct buffer *bytes, const char *name, const struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		cleanup_buffer struct buffer field = { 0 };

		if (field_add_text(&field, name, texts->items[i]) < 0)
			return -1;
		if (bytes->size + field.size + END_SIZE <= MEMO_MAX && buffer_add(bytes, field.bytes, field.size) < 0)
			return -1;
	}
	return 0;
}

int memo_write(const struct memo *memo, struct buffer *bytes)
{
	if (field_add_text(bytes, WORD_MEMO, MEMO_VERSION) < 0 ||
	    memo_write_number(bytes, WORD_LIVE, (uint64_t)memo->live) < 0 ||
	    memo_write_number(bytes, WORD_KEYS_ASKED, memo->keys_asked) < 0 ||
	    memo_write_texts(bytes, WORD_HIDDEN, &memo->hidden) < 0 || memo_write_texts(bytes, WORD_STALE, &memo->stale) < 0 ||
	    memo_write_texts(bytes, WORD_TOLD, &memo->told) < 0)
		return -1;
	return field_add_text(bytes, WORD_END, "");
}

/* ---- Reading ---- */

static int memo_take(struct memo *memo, const struct field *field, const char *text)
{
	if (field_is(field, WORD_LIVE))
		memo->live = strtoll(text, NULL, 10);
	else if (field_is(field, WORD_KEYS_ASKED))
		memo->keys_asked = strtoull(text, NULL, 10);
	else if (field_is(field, WORD_HIDDEN))
		return texts_add(&memo->hidden, text) < 0 ? -1 : 0;
	else if (field_is(field, WORD_STALE))
		return texts_add(&memo->stale, text) < 0 ? -1 : 0;
	else if (field_is(field, WORD_TOLD))
		return texts_add(&memo->told, text) < 0 ? -1 : 0;
	return 0;
}

/* 1: it is one; 0: it is not. -1 with ENOMEM. */
static int memo_take_all(struct memo *memo, const char *bytes, size_t size)
{
	cleanup(field_clear) struct field field = { 0 };

	for (bool is_first = true;; is_first = false) {
		int got = field_take(&bytes, &size, &field);
		const char *text = got > 0 ? field_text(&field) : NULL;

		if (got < 0 && errno == ENOMEM)
			return -1;
		if (!text || (is_first && (!field_is(&field, WORD_MEMO) || strcmp(text, MEMO_VERSION) != 0)))
			return 0;
		if (field_is(&field, WORD_END))
			return 1;
		if (memo_take(memo, &field, text) < 0)
			return -1;
	}
}

int memo_read(struct memo *memo, const char *bytes, size_t size)
{
	int result;

	memo_clear(memo);
	result = memo_take_all(memo, bytes, size);
	if (result <= 0)
		memo_clear(memo);
	return result < 0 ? -1 : 0;
}

/* ---- In a file ---- */

int memo_load(struct memo *memo, int fd)
{
	cleanup_buffer struct buffer bytes = { 0 };

	if (lseek(fd, 0, SEEK_SET) < 0 || read_to_end(fd, MEMO_MAX, &bytes) < 0)
		return -1;
	return memo_read(memo, bytes.bytes, bytes.size);
}

int memo_save(const struct memo *memo, int fd)
{
	cleanup_buffer struct buffer bytes = { 0 };

	if (memo_write(memo, &bytes) < 0 || lseek(fd, 0, SEEK_SET) < 0 || ftruncate(fd, 0) < 0)
		return -1;
	return write_all(fd, bytes.bytes, bytes.size);
}
