/* SPDX-License-Identifier: ISC
 *
 * Claim: a link text, a number or a name is ours only if it is just what we would write
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dir/name.h"
#include "fuzz.h"
#include "lines.h"

static void check_number(const char *text)
{
	char again[NAME_NUMBER_SIZE];
	const char *suffix = NULL;
	int64_t number = name_parse_number(text, &suffix);

	if (!number)
		return;
	must(number > 0 && number <= NAME_NUMBER_MAX && suffix);
	name_number(again, number, "");
	must(strncmp(again, text, (size_t)(suffix - text)) == 0 && strlen(again) == (size_t)(suffix - text));
	must(*suffix < '0' || *suffix > '9');
}

static void check_link_text(const struct name *name, const char *text)
{
	char again[NAME_SIZE + NAME_NUMBER_SIZE];
	int64_t number = name_parse_link_text(name, text);

	if (!number)
		return;
	name_link_text(name, number, again, sizeof(again));
	must(strcmp(again, text) == 0);
}

static void check_name(const char *link, long limit, const char *text)
{
	char own[NAME_SIZE + NAME_NUMBER_SIZE];
	struct atomicdir_error error;
	struct name name;

	error_clear(&error);
	if (name_init(&name, link, &error) < 0) {
		must_be_told(&error);
		must(error.kind == ATOMICDIR_USAGE);
		return;
	}
	must(is_inside(name.base) && !strchr(name.base, '/') && *name.parent);
	name_store(&name, false, limit);
	must(*name.store == '.' && !strchr(name.store, '/') && strcmp(name.store, name.base) != 0);
	must((long)strlen(name.store) <= (limit > 64 && limit < NAME_SIZE ? limit : NAME_SIZE - 1));
	check_link_text(&name, text);
	name_link_text(&name, 42, own, sizeof(own));
	must(name_parse_link_text(&name, own) == 42);
}

/* "link LINK", "limit N", and texts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *link = fuzz_copy("app", 3);
	struct lines lines;
	long limit = 255;

	lines_begin(&lines, data, size);
	while (lines_next(&lines)) {
		if (lines_is(&lines, "link")) {
			free(link);
			link = fuzz_copy(lines.rest, lines.rest_size);
		}
		if (lines_is(&lines, "limit"))
			limit = atol(lines.rest);
		check_number(lines.rest);
		check_name(link, limit, lines.rest);
	}
	free(link);
	lines_end(&lines);
	return 0;
}
