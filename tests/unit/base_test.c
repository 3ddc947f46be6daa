/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/moment.h"
#include "base/url.h"
#include "tap.h"

static bool array_keeps_its_items(void)
{
	struct item {
		int number;
		char rest[9];
	} *items = NULL;
	size_t count = 0;
	bool is_kept = true;

	for (int i = 0; i < 100; i++) {
		struct item *item = array_add(&items, &count, sizeof(*item));

		is_kept = is_kept && item == &items[i] && item->number == 0 && count == (size_t)i + 1;
		item->number = i + 1;
		memset(item->rest, 'x', sizeof(item->rest));
	}
	for (int i = 0; i < 100; i++)
		is_kept = is_kept && items[i].number == i + 1;
	free(items);
	return is_kept;
}

/* An address sanitizer would otherwise end the test where an allocation must fail. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static bool array_refuses_too_much(void)
{
	int *items = NULL;
	size_t count = 0;
	bool is_refused;

	array_add(&items, &count, sizeof(*items));
	is_refused = !array_add(&items, &count, (size_t)-1 / 2 + 2) && errno == ENOMEM && count == 1 && items;
	free(items);
	return is_refused;
}

static void write_example(struct json_writer *json)
{
	json_write_begin(json, NULL, '{');
	json_write_text(json, "te\"xt", "[\xff");
	json_write_begin(json, "list", '[');
	json_write_number(json, NULL, INT64_MIN);
	json_write_begin(json, NULL, '{');
	json_write_flag(json, "yes", true);
	json_write_flag(json, "no", false);
	json_write_end(json, '}');
	json_write_begin(json, NULL, '[');
	json_write_end(json, ']');
	json_write_end(json, ']');
	json_write_null(json, "nothing");
	json_write_end(json, '}');
}

static bool json_is(bool is_indented, const char *wanted)
{
	struct buffer text = { 0 };
	struct json_writer json = { .text = &text, .is_indented = is_indented };
	bool is_same;

	write_example(&json);
	is_same = !json.is_broken && json.depth == 0 && strcmp(text.bytes, wanted) == 0;
	if (!is_same)
		printf("# got %s\n", text.bytes);
	buffer_clear(&text);
	return is_same;
}

/* Of a file of 10,000 bytes, read behind three that are there already. */
static int read_limited(size_t limit, struct buffer *buffer)
{
	char path[] = "/tmp/base_test.XXXXXX", bytes[10000];
	int fd = mkstemp(path), result;

	memset(bytes, 'x', sizeof(bytes));
	unlink(path);
	if (write_all(fd, bytes, sizeof(bytes)) < 0 || lseek(fd, 0, SEEK_SET) < 0 || buffer_add_text(buffer, "old") < 0)
		return -2;
	result = read_to_end(fd, limit, buffer);
	close(fd);
	return result;
}

static void check_reading(void)
{
	struct buffer buffer = { 0 };

	ok(read_limited(10000, &buffer) == 0 && buffer.size == 10003 && strncmp(buffer.bytes, "oldxxx", 6) == 0 &&
		   strlen(buffer.bytes) == 10003,
	   "a file as long as the limit is read whole, behind what the buffer holds");
	buffer_clear(&buffer);
	ok(read_limited(9999, &buffer) == -1 && errno == EFBIG, "a file of one byte more is refused");
	buffer_clear(&buffer);
	ok(read_path("/dev/null", 1, &buffer) == 0 && !buffer.size, "/dev/null is an empty file");
	ok(read_path("/", 1, &buffer) == -1 && errno == EISDIR, "a directory is refused as one");
	buffer_clear(&buffer);
}

static void check_moments(void)
{
	static const struct {
		const char *text;
		int64_t moment;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-02T03:04:05Z", 1767323045 },
		{ "2026-01-02T03:04:05.678Z", 1767323045 },
		{ "2026-01-02 04:04:05+01:00", 1767323045 },
		{ "2026-01-02T03:04:05UTC", 1767323045 },
		{ "2026-13-02T03:04:05Z", -1 },
		{ "2026-02-30T03:04:05Z", -1 },
		{ "2026-01-02T03:04:05", -1 },
		{ "2026-01-02", -1 },
		{ "", -1 },
	};
	char text[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char claim[96];

		snprintf(claim, sizeof(claim), "'%s' is %s", cases[i].text, cases[i].moment < 0 ? "no moment" : "a moment");
		if (!ok(moment_parse(cases[i].text) == cases[i].moment, claim))
			printf("# got %lld, wanted %lld\n", (long long)moment_parse(cases[i].text), (long long)cases[i].moment);
	}
	moment_print(1767323045, text);
	ok(strcmp(text, "2026-01-02T03:04:05Z") == 0, "a moment is written as ISO 8601 has it");
}

static void check_ports(void)
{
	static const struct {
		const char *url;
		int port;
	} cases[] = {
		{ "https://secretsmanager.eu-west-1.amazonaws.com/", 443 },
		{ "HTTPS://host", 443 },
		{ "http://169.254.169.254/latest", 80 },
		{ "https://host:8443", 8443 },
		{ "https://host:8443/path:1?query:2", 8443 },
		{ "http://[::1]", 80 },
		{ "http://[fd00:ec2::254]:8080/", 8080 },
		{ "http://user:pass@proxy/", 80 },
		{ "http://user:p@ss:9@proxy:3128", 3128 },
		{ "proxy:3128", 3128 },
		{ "user:pass@proxy:3128", 3128 },
		{ "proxy", 0 },
		{ "socks5h://proxy", 0 },
		{ "socks5h://proxy:1080", 1080 },
		{ "https://host:0/", 443 },
		{ "https://host:70000/", 443 },
		{ "https://host:/", 443 },
		{ "https://host:-1/", 443 },
		{ "https://", 443 },
		{ "://", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char claim[128];

		snprintf(claim, sizeof(claim), "'%s' leads to port %d", cases[i].url, cases[i].port);
		is_int(url_port(cases[i].url), cases[i].port, claim);
	}
}

int main(void)
{
	int64_t before = clock_ms();

	/* Twice, so that the second array is made of memory that was used. */
	ok(array_keeps_its_items() && array_keeps_its_items(),
	   "an array that grows keeps its items, and each new one is zeroed");
	ok(array_refuses_too_much(), "an array that cannot grow stays as it was");
	ok(json_is(false, "{\"te\\\"xt\":\"[\xef\xbf\xbd\",\"list\":[-9223372036854775808,{\"yes\":true,\"no\":false},[]],"
			  "\"nothing\":null}"),
	   "JSON is written compactly, with commas and quotes where they belong");
	ok(json_is(true,
		   "{\n  \"te\\\"xt\": \"[\xef\xbf\xbd\",\n  \"list\": [\n    -9223372036854775808,\n    {\n      \"yes\": "
		   "true,\n      \"no\": false\n    },\n    []\n  ],\n  \"nothing\": null\n}"),
	   "JSON is written with a line for each member and item");
	check_reading();
	check_moments();
	check_ports();
	ok(before > 0 && clock_ms() >= before, "the clock never goes back");
	ok(clock_wall_ms() > 1700000000000, "the wall clock counts from 1970");
	return done();
}
