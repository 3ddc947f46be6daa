/* SPDX-License-Identifier: ISC
 *
 * Claim: whatever is handed over, keys and settings are taken whole from it, or not at all
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "aws/settings.h"
#include "fuzz.h"

static bool is_same(const struct record *one, const struct record *other)
{
	bool is = one->count == other->count;

	for (size_t i = 0; is && i < one->count; i++) {
		const struct field *a = &one->fields[i], *b = &other->fields[i];

		is = strcmp(a->name, b->name) == 0 && a->value.size == b->value.size &&
		     memcmp(a->value.bytes, b->value.bytes, a->value.size) == 0;
	}
	return is;
}

static void check_credentials(const struct record *record)
{
	struct credentials credentials = { 0 }, again = { 0 };
	struct record copy = { 0 };

	if (credentials_take(record, &credentials) < 0) {
		must(errno == EPROTO);
		return;
	}
	must(credentials.key_id.size && credentials.key.size && strlen(credentials.key.bytes) == credentials.key.size);
	must(credentials_add(&credentials, &copy) == 0 && credentials_take(&copy, &again) == 0);
	must(credentials_are_same(&credentials, &again) && credentials.expires == again.expires);
	must(strcmp(credentials.from, again.from) == 0);
	credentials_clear(&credentials);
	credentials_clear(&again);
	record_clear(&copy);
}

static void check_settings(const struct record *record)
{
	struct aws_settings settings;
	struct record copy = { 0 };

	settings_take(record, &settings);
	must(settings_add(&settings, &copy) == 0 && copy.count <= record->count);
	record_clear(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_file(data, size);
	struct field_reader reader = { .fd = fd }, again = { .fd = -1 };
	struct record record = { 0 }, copy = { 0 };
	int got = record_read(&reader, &record);

	must(got >= -1 && got <= 1);
	must(got >= 0 || errno == EPROTO || errno == ENODATA || errno == EMSGSIZE);
	if (got > 0) {
		must(record_encode(&record, &again.input) == 0 && record_read(&again, &copy) == 1);
		must(is_same(&record, &copy) && !again.input.size);
		check_credentials(&record);
		check_settings(&record);
	}
	record_clear(&record);
	record_clear(&copy);
	field_reader_clear(&reader);
	field_reader_clear(&again);
	close(fd);
	return 0;
}
