/* SPDX-License-Identifier: ISC
 *
 * Claim: a command line is taken as it is written, or refused by name
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "command/options.h"
#include "fuzz.h"
#include "lines.h"

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
	char word[] = "--grace", *words[] = { word, fuzz_copy(text, strlen(text)) };
	double wanted = duration(text), taken;
	struct atomicdir_error error;
	struct options options;

	error_clear(&error);
	if (options_parse(&options, TAKES_PUBLISH, 2, words, &error) == 0) {
		taken = (double)options.library.grace_ms;
		must(wanted >= 0 && taken >= wanted * 0.999 && taken <= wanted * 1.001);
	} else {
		must_be_told(&error);
		must(wanted < 0 || wanted > 1e18);
	}
	free(words[1]);
}

static void check_mode(const char *text)
{
	struct atomicdir_error error;
	char again[16];
	mode_t mode = 0;

	error_clear(&error);
	if (parse_mode(text, &mode, &error) < 0) {
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
	if (parse_owner(text, &uid, &gid, &error) < 0) {
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
	must(parse_owner(again, &uid_again, &gid_again, &error) == 0 && uid == uid_again && gid == gid_again);
}

static void check_words(int count, char **words, unsigned takes)
{
	struct atomicdir_error error;
	struct options options;

	error_clear(&error);
	if (options_parse(&options, takes, count, words, &error) < 0) {
		must_be_told(&error);
		must(error.kind == ATOMICDIR_USAGE);
		return;
	}
	must(options.operand_count <= count && options.library.size == sizeof(options.library));
	must(options.library.keep >= -1 && options.library.grace_ms >= -1 && options.library.wait_ms >= -1);
	must(options.library.if_generation >= -1 && options.hook_timeout_ms >= 0);
	must(options.library.file_mode <= 07777 && options.library.dir_mode <= 07777);
	must(!options.command || options.command[-1][0] == '-');
}

/* The first line is a value, each other one a word. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[WORDS_MAX + 1];
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
	words[count] = NULL;
	check_words(count, words, size ? data[0] % 32 : 0);
	lines_end(&lines);
	return 0;
}
