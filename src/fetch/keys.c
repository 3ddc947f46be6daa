/* SPDX-License-Identifier: ISC */
#include "fetch/keys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"

#define FILE_MAX (1 << 20)
#define CHUNK 4096

void keys_clear(struct keys *keys)
{
	record_clear(&keys->first);
	record_clear(&keys->renewed);
}

/* From its beginning, wherever others are in it. */
static int keys_read_bytes(struct buffer *bytes)
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

static int keys_read(struct record *record, struct atomicdir_error *error)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = -1 };

	if (keys_read_bytes(&reader.input) < 0)
		return error_errno(error, NULL, "cannot read the keys; secretdir starts this program, and hands them over");
	if (record_read(&reader, record) <= 0)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the keys that were handed over are not whole");
	return 0;
}

static int keys_take(const struct record *record, struct credentials *credentials, struct atomicdir_error *error)
{
	if (credentials_take(record, credentials) == 0)
		return 0;
	return errno == ENOMEM ? error_errno(error, NULL, "cannot take the keys")
			       : error_set(error, ATOMICDIR_FAILED, NULL, "the keys that were handed over are not whole");
}

/* What secretdir says next. */
static enum keys_news keys_listen(struct keys *keys, struct atomicdir_error *error)
{
	cleanup(field_clear) struct field field = { 0 };
	int got = field_read(keys->input, &field);
	const char *text = got > 0 ? field_text(&field) : NULL;

	if (text && field_is(&field, WORD_KEYS)) {
		keys->are_kept = strcmp(text, KEYS_KEPT) == 0;
		return KEYS_COMPLETE;
	}
	if (text && field_is(&field, WORD_SETTINGS))
		return KEYS_SETTINGS;
	if (!text || !field_is(&field, WORD_ERROR) || protocol_take_error(text, error) < 0)
		error_set(error, ATOMICDIR_FAILED, NULL, "secretdir says nothing of the keys");
	return KEYS_FAILED;
}

enum keys_news keys_next(struct keys *keys, struct aws_settings *settings, struct credentials *credentials,
			 struct atomicdir_error *error)
{
	enum keys_news news = keys_listen(keys, error);

	if (news == KEYS_FAILED || keys_read(&keys->first, error) < 0)
		return KEYS_FAILED;
	settings_take(&keys->first, settings);
	if (news == KEYS_COMPLETE && keys_take(&keys->first, credentials, error) < 0)
		return KEYS_FAILED;
	return news;
}

int keys_renew(struct keys *keys, const char *region, struct credentials *credentials, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };
	enum keys_news news;

	if (field_add_text(&output, WORD_EXPIRED, region ? region : "") < 0 ||
	    write_all(STDOUT_FILENO, output.bytes, output.size) < 0)
		return error_errno(error, NULL, "cannot ask for other keys");
	/* The connection is open: that the settings are there is no news. */
	do
		news = keys_listen(keys, error);
	while (news == KEYS_SETTINGS);
	if (news == KEYS_FAILED || keys_read(&keys->renewed, error) < 0)
		return -1;
	return keys_take(&keys->renewed, credentials, error);
}
