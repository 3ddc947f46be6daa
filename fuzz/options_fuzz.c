/* SPDX-License-Identifier: ISC
 *
 * Claim: a command line is taken as it is written, or refused by name
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomicdir/options.h"
#include "base/error.h"
#include "command/value.h"
#include "fuzz.h"
#include "lines.h"
#include "secretdir/options.h"

#define WORDS_MAX 32

/* "5m" in milliseconds, by floating point: -1 is no duration. */
static double duration(const char *text)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1e3 }, { "m", 6e4 }, { "h", 3.6e6 }, { "d", 8.64e7 },
	};
	size_t digits = strspn(text, "0123456789");

	if (strcmp(text, "0") == 0)
		return 0;
	for (size_t i = 0; digits && i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(text + digits, units[i].unit) == 0)
			return strtod(text, NULL) * units[i].ms;
	return -1;
}

static void check_duration(const char *text)
{
	double wanted = duration(text);
	struct atomicdir_error error;
	int64_t ms = -2;

	error_clear(&error);
	if (value_duration(text, &ms, &error) == 0) {
		must(wanted >= 0 && (double)ms >= wanted * 0.999 && (double)ms <= wanted * 1.001);
	} else {
		must_be_told(&error);
		must(ms == -2 && (wanted < 0 || wanted > 1e18));
	}
}

static void check_mode(const char *text)
{
	struct atomicdir_error error;
	char again[16];
	mode_t mode = 0;

	error_clear(&error);
	if (value_mode(text, &mode, &error) < 0) {
		must_be_told(&error);
		return;
	}
	must(mode && mode <= 07777);
	snprintf(again, sizeof(again), "%o", mode);
	must(strcmp(again, text + strspn(text, "0")) == 0);
}

static void check_owner(const char *text)
{
	struct atomicdir_error error;
	uid_t uid = (uid_t)-1, uid_again = (uid_t)-1;
	gid_t gid = (gid_t)-1, gid_again = (gid_t)-1;
	char again[32];

	error_clear(&error);
	if (value_owner(text, &uid, &gid, &error) < 0) {
		must_be_told(&error);
		return;
	}
	must(uid != (uid_t)-1 || gid != (gid_t)-1);
	if (uid != (uid_t)-1 && gid != (gid_t)-1)
		snprintf(again, sizeof(again), "%u:%u", uid, gid);
	else if (uid != (uid_t)-1)
		snprintf(again, sizeof(again), "%u", uid);
	else
		snprintf(again, sizeof(again), ":%u", gid);
	must(value_owner(again, &uid_again, &gid_again, &error) == 0 && uid == uid_again && gid == gid_again);
}

/* The words are copied, since parsing reorders them. */
static void check_words(int count, char *const *words, const struct option *own, unsigned takes, struct options *options)
{
	struct option_set set = { own, takes, "the help" };
	struct atomicdir_error error;
	char *copy[WORDS_MAX + 1];

	error_clear(&error);
	memcpy(copy, words, sizeof(copy));
	if (options_parse(options, &set, count, copy, &error) < 0) {
		must_be_told(&error);
		must(error.kind == ATOMICDIR_USAGE);
		return;
	}
	must(options->operand_count <= count && options->library.size == sizeof(options->library));
	must(options->library.keep >= -1 && options->library.grace_ms >= -1 && options->library.wait_ms >= -1);
	must(options->library.if_generation >= -1 && options->hook_timeout_ms >= 0);
	must(options->library.file_mode <= 07777 && options->library.dir_mode <= 07777);
	must(!options->command || options->command[-1][0] == '-');
}

static void check_programs(int count, char *const *words, unsigned takes)
{
	struct fill_options fill = { 0 };
	struct secret_options secrets = { 0 };

	check_words(count, words, fill_options_table, takes, &fill.shared);
	check_words(count, words, secret_options_table, takes, &secrets.shared);
	must(secrets.entries.count <= OPTION_LIST_MAX && secrets.tags.count <= OPTION_LIST_MAX);
}

/* The first line is a value, each other one a word. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[WORDS_MAX + 1] = { NULL };
	struct lines lines;
	int count = 0;

	lines_begin(&lines, data, size);
	if (lines_next(&lines)) {
		check_duration(lines.word);
		check_mode(lines.word);
		check_owner(lines.word);
	}
	while (count < WORDS_MAX && lines_next(&lines))
		words[count++] = lines.word;
	check_programs(count, words, ~0U);
	check_programs(count, words, size ? data[0] % 64 : 0);
	lines_end(&lines);
	return 0;
}
