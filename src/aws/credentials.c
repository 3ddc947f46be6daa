/* SPDX-License-Identifier: ISC */
#include "aws/credentials.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/protocol.h"

#define SPARE_MAX_S 600

void credentials_clear(struct credentials *credentials)
{
	buffer_clear(&credentials->key_id);
	buffer_clear(&credentials->key);
	buffer_clear(&credentials->token);
	*credentials = (struct credentials){ 0 };
}

static int part_copy(const struct buffer *from, struct buffer *to)
{
	return from->size ? buffer_add(to, from->bytes, from->size) : 0;
}

int credentials_copy(const struct credentials *from, struct credentials *to)
{
	credentials_clear(to);
	to->expires = from->expires;
	to->is_fixed = from->is_fixed;
	memcpy(to->from, from->from, sizeof(to->from));
	if (part_copy(&from->key_id, &to->key_id) < 0 || part_copy(&from->key, &to->key) < 0)
		return -1;
	return part_copy(&from->token, &to->token);
}

static bool part_is_same(const struct buffer *one, const struct buffer *other)
{
	return one->size == other->size && (!one->size || memcmp(one->bytes, other->bytes, one->size) == 0);
}

bool credentials_are_same(const struct credentials *one, const struct credentials *other)
{
	return part_is_same(&one->key_id, &other->key_id) && part_is_same(&one->key, &other->key) &&
	       part_is_same(&one->token, &other->token);
}

int64_t credentials_spare_s(int64_t had_s)
{
	return had_s / 3 < SPARE_MAX_S ? had_s / 3 : SPARE_MAX_S;
}

int credentials_add(const struct credentials *credentials, struct record *record)
{
	char expires[32] = "";

	if (credentials->expires)
		snprintf(expires, sizeof(expires), "%" PRId64, credentials->expires);
	if (record_add_text(record, WORD_KEY_ID, credentials->key_id.bytes) < 0 ||
	    record_add_text(record, WORD_SECRET_KEY, credentials->key.bytes) < 0 ||
	    record_add_text(record, WORD_TOKEN, credentials->token.bytes) < 0 ||
	    record_add_text(record, WORD_EXPIRES, expires) < 0 ||
	    record_add_text(record, WORD_FIXED, credentials->is_fixed ? "1" : "") < 0)
		return -1;
	return record_add_text(record, WORD_FROM, credentials->from);
}

int credentials_take(const struct record *record, struct credentials *credentials)
{
	const char *key_id = record_text(record, WORD_KEY_ID), *key = record_text(record, WORD_SECRET_KEY),
		   *token = record_text(record, WORD_TOKEN), *expires = record_text(record, WORD_EXPIRES),
		   *from = record_text(record, WORD_FROM);

	credentials_clear(credentials);
	if (!key_id || !key) {
		errno = EPROTO;
		return -1;
	}
	credentials->expires = expires ? strtoll(expires, NULL, 10) : 0;
	credentials->is_fixed = record_text(record, WORD_FIXED);
	snprintf(credentials->from, sizeof(credentials->from), "%s", from ? from : "");
	if (buffer_add_text(&credentials->key_id, key_id) < 0 || buffer_add_text(&credentials->key, key) < 0)
		return -1;
	return token ? buffer_add_text(&credentials->token, token) : 0;
}
