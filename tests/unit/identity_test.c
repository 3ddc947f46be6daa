/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "aws/place.h"
#include "base/cleanup.h"
#include "base/protocol.h"
#include "identity/sha1.h"
#include "tap.h"

/* RFC 3174, section 7.3, and what sha1sum(1) says of lengths around the end of a block. */
static bool a_digest_is_that_of_the_text(void)
{
	static const struct {
		const char *text;
		size_t times;
		const char *digits;
	} rows[] = {
		{ "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
		{ "0123456701234567012345670123456701234567012345670123456701234567", 10,
		  "dea356a2cddd90c7a7ecedc5ebb563934f460452" },
		{ "a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
		{ "a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
		{ "a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5" },
		{ "a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
	};
	bool is_right = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t size = strlen(rows[i].text);
		cleanup_free char *text = malloc(size * rows[i].times + 1);
		char digits[SHA1_DIGITS + 1];

		for (size_t j = 0; j < rows[i].times; j++)
			memcpy(text + j * size, rows[i].text, size);
		sha1_print(text, size * rows[i].times, digits);
		if (strcmp(digits, rows[i].digits) == 0)
			continue;
		printf("# %.20s, %zu times: got %s, wanted %s\n", rows[i].text, rows[i].times, digits, rows[i].digits);
		is_right = false;
	}
	return is_right;
}

static void pass(const struct record *record, struct record *to)
{
	struct field_reader reader = { .fd = -1 };

	if (record_encode(record, &reader.input) == 0)
		record_read(&reader, to);
	field_reader_clear(&reader);
}

static bool keys_arrive_as_they_were_handed_over(void)
{
	struct credentials sent = { .expires = 1767322800, .is_fixed = true, .from = "a test" }, got = { 0 };
	struct record record = { 0 }, arrived = { 0 };
	bool is_same;

	buffer_add_text(&sent.key_id, "ID");
	buffer_add_text(&sent.key, "key:/+=\n");
	credentials_add(&sent, &record);
	pass(&record, &arrived);
	is_same = credentials_take(&arrived, &got) == 0 && credentials_are_same(&sent, &got) && !got.token.size &&
		  got.expires == sent.expires && got.is_fixed && strcmp(got.from, "a test") == 0;
	credentials_clear(&sent);
	credentials_clear(&got);
	record_clear(&record);
	record_clear(&arrived);
	return is_same;
}

static bool half_a_key_is_none(void)
{
	struct credentials half = { 0 }, got = { 0 };
	struct record record = { 0 };
	bool is_refused;

	buffer_add_text(&half.key_id, "ID");
	credentials_add(&half, &record);
	is_refused = credentials_take(&record, &got) < 0 && errno == EPROTO && !got.key_id.size;
	credentials_clear(&half);
	record_clear(&record);
	return is_refused;
}

static bool settings_arrive_as_they_were_handed_over(void)
{
	struct aws_settings sent = { .profile = "p",
				     .region = "eu-west-1",
				     .max_attempts = "3",
				     .is_dual = true,
				     .endpoints = { [AWS_SSM] = "http://s" } },
			    got;
	struct record record = { 0 }, arrived = { 0 };
	bool is_same;

	settings_add(&sent, &record);
	pass(&record, &arrived);
	settings_take(&arrived, &got);
	is_same = strcmp(got.profile, "p") == 0 && strcmp(got.region, "eu-west-1") == 0 && strcmp(got.max_attempts, "3") == 0 &&
		  got.is_dual && !got.is_fips && !got.ca_bundle && !got.endpoints[AWS_SECRETSMANAGER] &&
		  strcmp(got.endpoints[AWS_SSM], "http://s") == 0;
	record_clear(&record);
	record_clear(&arrived);
	return is_same;
}

static bool a_record_that_is_cut_is_none(void)
{
	struct record record = { 0 }, got = { 0 };
	struct buffer whole = { 0 };
	bool is_refused = record_add_text(&record, "a", "one") == 0 && record_add_text(&record, "b", "") == 0 &&
			  record_add_text(&record, "c", "two") == 0 && record.count == 2 && record_encode(&record, &whole) == 0;

	for (size_t size = 1; is_refused && size <= whole.size; size++) {
		struct field_reader reader = { .fd = STDIN_FILENO };

		buffer_add(&reader.input, whole.bytes, size);
		is_refused = record_read(&reader, &got) == (size == whole.size ? 1 : -1);
		field_reader_clear(&reader);
	}
	is_refused = is_refused && got.count == 2 && strcmp(record_text(&got, "c"), "two") == 0 && !record_text(&got, "b");
	buffer_clear(&whole);
	record_clear(&record);
	record_clear(&got);
	return is_refused;
}

static bool a_service_is_where_aws_has_it(void)
{
	static const struct {
		enum aws_service service;
		const char *region;
		bool is_fips, is_dual;
		const char *url;
	} rows[] = {
		{ AWS_SECRETSMANAGER, "eu-west-1", false, false, "https://secretsmanager.eu-west-1.amazonaws.com/" },
		{ AWS_SECRETSMANAGER, "eu-west-1", false, true, "https://secretsmanager.eu-west-1.amazonaws.com/" },
		{ AWS_SECRETSMANAGER, "us-gov-west-1", true, false,
		  "https://secretsmanager-fips.us-gov-west-1.amazonaws.com/" },
		{ AWS_SSM, "us-gov-west-1", true, false, "https://ssm.us-gov-west-1.amazonaws.com/" },
		{ AWS_SSM, "eu-west-1", false, true, "https://ssm.eu-west-1.api.aws/" },
		{ AWS_STS, "cn-north-1", false, false, "https://sts.cn-north-1.amazonaws.com.cn/" },
		{ AWS_SSO, "us-east-1", false, false, "https://portal.sso.us-east-1.amazonaws.com/" },
	};
	bool is_right = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct aws_settings settings = { .is_fips = rows[i].is_fips, .is_dual = rows[i].is_dual };
		cleanup_free char *url = NULL;

		if (aws_service_url(&settings, rows[i].service, rows[i].region, &url) == 0 && strcmp(url, rows[i].url) == 0)
			continue;
		printf("# got %s, wanted %s\n", url ? url : "nothing", rows[i].url);
		is_right = false;
	}
	return is_right;
}

int main(void)
{
	/* A reader that has not enough finds the end of the stream. */
	if (!freopen("/dev/null", "r", stdin))
		return 1;
	ok(a_digest_is_that_of_the_text(), "a SHA-1 digest is that of the text, whatever its length");
	ok(keys_arrive_as_they_were_handed_over(), "keys arrive as they were handed over");
	ok(half_a_key_is_none(), "half a key is none");
	ok(settings_arrive_as_they_were_handed_over(), "settings arrive as they were handed over");
	ok(a_record_that_is_cut_is_none(), "a record that is cut off anywhere is not taken");
	ok(a_service_is_where_aws_has_it(), "a service is where AWS has it, by region, FIPS and both stacks");
	return done();
}
