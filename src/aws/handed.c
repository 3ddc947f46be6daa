/* SPDX-License-Identifier: ISC */
#include "aws/handed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"

#define FILE_MAX (1 << 20)
#define CHUNK 4096

void handed_clear(struct handed *handed)
{
	record_clear(&handed->first);
	record_clear(&handed->renewed);
}

/* From its beginning, wherever others are in it. */
static int handed_read_bytes(struct buffer *bytes)
{
	ssize_t got;

	do {
		if (bytes->size > FILE_MAX || buffer_reserve(bytes, CHUNK) < 0)
			return -1;
		got = pread(PROTOCOL_KEYS_FD, bytes->bytes + bytes->size, CHUNK, (off_t)bytes->size);
		if (got > 0)
			bytes->size += (size_t)got;
	} while (got > 0);
	return got < 0 ? -1 : 0;
}

static int handed_read(struct record *record, struct atomicdir_error *error)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = -1 };

	if (handed_read_bytes(&reader.input) < 0)
		return error_errno(error, NULL, "cannot read the keys; secretdir starts this program, and hands them over");
	if (record_read(&reader, record) <= 0)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the keys that were handed over are not whole");
	return 0;
}

static int handed_take(const struct record *record, struct credentials *credentials, struct atomicdir_error *error)
{
	if (credentials_take(record, credentials) == 0)
		return 0;
	return errno == ENOMEM ? error_errno(error, NULL, "cannot take the keys")
			       : error_set(error, ATOMICDIR_FAILED, NULL, "the keys that were handed over are not whole");
}

/* What secretdir says next. */
static enum handed_news handed_listen(struct handed *handed, struct atomicdir_error *error)
{
	cleanup(field_clear) struct field field = { 0 };
	int got = field_read(handed->input, &field);
	const char *text = got > 0 ? field_text(&field) : NULL;

	if (text && field_is(&field, WORD_KEYS)) {
		handed->are_kept = strcmp(text, KEYS_KEPT) == 0;
		return HANDED_COMPLETE;
	}
	if (text && field_is(&field, WORD_SETTINGS))
		return HANDED_SETTINGS;
	if (!text || !field_is(&field, WORD_ERROR) || protocol_take_error(text, error) < 0)
		error_set(error, ATOMICDIR_FAILED, NULL, "secretdir says nothing of the keys");
	return HANDED_FAILED;
}

enum handed_news handed_next(struct handed *handed, struct aws_settings *settings, struct credentials *credentials,
			     struct atomicdir_error *error)
{
	enum handed_news news = handed_listen(handed, error);

	if (news == HANDED_FAILED || handed_read(&handed->first, error) < 0)
		return HANDED_FAILED;
	settings_take(&handed->first, settings);
	if (news == HANDED_COMPLETE && handed_take(&handed->first, credentials, error) < 0)
		return HANDED_FAILED;
	return news;
}

int handed_renew(struct handed *handed, const char *region, struct credentials *credentials, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };
	enum handed_news news;

	if (field_add_text(&output, WORD_EXPIRED, region ? region : "") < 0 ||
	    write_all(STDOUT_FILENO, output.bytes, output.size) < 0)
		return error_errno(error, NULL, "cannot ask for other keys");
	/* The connection is open: that the settings are there is no news. */
	do
		news = handed_listen(handed, error);
	while (news == HANDED_SETTINGS);
	if (news == HANDED_FAILED || handed_read(&handed->renewed, error) < 0)
		return -1;
	return handed_take(&handed->renewed, credentials, error);
}
