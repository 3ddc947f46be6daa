/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomicdir/options.h"
#include "base/error.h"
#include "command/link.h"
#include "command/value.h"
#include "secretdir/options.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NONE INT64_MIN /* is refused */

static struct atomicdir_error error;

__attribute__((format(printf, 2, 3))) static void claim(bool is_true, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ok(is_true, text);
}

static void check_number(const char *what, const char *text, int64_t got, int64_t wanted)
{
	claim(got == wanted, "%s '%s' is %s", what, text, wanted == NONE ? "refused" : "taken as it is written");
	if (got != wanted)
		printf("# got %lld, wanted %lld\n", (long long)got, (long long)wanted);
}

static void check_numbers(void)
{
	static const struct {
		const char *text;
		int64_t count, duration, mode;
	} cases[] = {
		{ "0", 0, 0, NONE },
		{ "7", 7, NONE, 07 },
		{ "0640", 640, NONE, 0640 },
		{ "7777", 7777, NONE, 07777 },
		{ "17777", 17777, NONE, NONE },
		{ "8", 8, NONE, NONE },
		{ "9223372036854775807", INT64_MAX, NONE, NONE },
		{ "9223372036854775808", NONE, NONE, NONE },
		{ "500ms", NONE, 500, NONE },
		{ "30s", NONE, 30000, NONE },
		{ "5m", NONE, 300000, NONE },
		{ "2h", NONE, 7200000, NONE },
		{ "7d", NONE, 604800000, NONE },
		{ "53375995583d", NONE, 53375995583 * 86400000, NONE },
		{ "53375995584d", NONE, NONE, NONE },
		{ "1w", NONE, NONE, NONE },
		{ "-1", NONE, NONE, NONE },
		{ "+1", NONE, NONE, NONE },
		{ " 1", NONE, NONE, NONE },
		{ "1.5", NONE, NONE, NONE },
		{ "s", NONE, NONE, NONE },
		{ "", NONE, NONE, NONE },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t count = NONE, duration = NONE;
		mode_t mode = 0;

		value_count(cases[i].text, &count, &error);
		check_number("the number", cases[i].text, count, cases[i].count);
		value_duration(cases[i].text, &duration, &error);
		check_number("the duration", cases[i].text, duration, cases[i].duration);
		value_mode(cases[i].text, &mode, &error);
		check_number("the mode", cases[i].text, mode ? (int64_t)mode : NONE, cases[i].mode);
	}
}

static void check_owners(void)
{
	static const struct {
		const char *text;
		int64_t uid, gid; /* -1: stays */
	} cases[] = {
		{ "12", 12, -1 },	   { "12:34", 12, 34 },		{ ":34", -1, 34 },	   { "root", 0, -1 },
		{ "root:", 0, 0 },	   { "root:root", 0, 0 },	{ ":root", -1, 0 },	   { "", NONE, NONE },
		{ ":", NONE, NONE },	   { "-1", NONE, NONE },	{ "1:-1", NONE, NONE },	   { "4294967295", NONE, NONE },
		{ "no-such", NONE, NONE }, { "1:no-such", NONE, NONE }, { "987654:", NONE, NONE },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uid_t uid = (uid_t)-1;
		gid_t gid = (gid_t)-1;
		bool is_taken = value_owner(cases[i].text, &uid, &gid, &error) == 0;
		bool is_same = (int)uid == (int)cases[i].uid && (int)gid == (int)cases[i].gid;

		if (cases[i].uid == NONE)
			claim(!is_taken && uid == (uid_t)-1 && gid == (gid_t)-1,
			      "the owner '%s' is refused, and nothing of it is taken", cases[i].text);
		else
			claim(is_taken && is_same, "the owner '%s' is taken as chown has it", cases[i].text);
	}
}

#define WORDS_MAX 12

/* Parses the words of a line with one blank between them. Not freed: what is parsed points into it. */
static int parse(struct options *options, const struct option *own, unsigned takes, const char *line)
{
	struct option_set set = { own, takes, "program help command" };
	char *words[WORDS_MAX + 1] = { NULL }, **kept, *rest = strdup(line);
	int count = 0;

	while (rest && count < WORDS_MAX)
		words[count++] = strsep(&rest, " ");
	kept = calloc(WORDS_MAX + 1, sizeof(*kept));
	memcpy(kept, words, sizeof(words));
	error_clear(&error);
	return options_parse(options, &set, *line ? count : 0, kept, &error);
}

static void check_refusals(void)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "--nonsense", "unknown option '--nonsense'; see 'program help command'" },
		{ "--nonsense=x", "unknown option '--nonsense'; see 'program help command'" },
		{ "--kee 1", "unknown option '--kee' (did you mean '--keep'?); see 'program help command'" },
		{ "-qq", "unknown option '-qq' (did you mean '-q'?); see 'program help command'" },
		{ "--entries x", "unknown option '--entries'; see 'program help command'" },
		{ "--dry-run", "unknown option '--dry-run'; see 'program help command'" },
		{ "--json=1", "option --json takes no value" },
		{ "--keep", "option --keep needs N" },
		{ "--from=", "option --from needs DIR, which cannot be empty" },
		{ "--keep x", "--keep: 'x' is not a whole number" },
		{ "--sync maybe", "--sync: 'maybe' is not auto, files, fs or none" },
		{ "--grace=5", "--grace: '5' is not a duration such as 500ms, 30s, 5m, 2h or 7d" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fill_options options = { 0 };
		int result = parse(&options.shared, fill_options_table, TAKES_PUBLISH | TAKES_JSON | TAKES_FILL, cases[i].line);

		claim(result < 0 && error.kind == ATOMICDIR_USAGE && strcmp(error.text, cases[i].text) == 0,
		      "'%s' is refused: %s", cases[i].line, cases[i].text);
		if (strcmp(error.text, cases[i].text) != 0)
			printf("# got: %s\n", error.text);
	}
}

static bool fill_defaults_hold(void)
{
	struct fill_options options = { 0 };
	const struct options *shared = &options.shared;

	return parse(&options.shared, fill_options_table, ~0U, "") == 0 && shared->operand_count == 0 && !shared->command &&
	       shared->hook_timeout_ms == 60000 && shared->library.wait_ms == -1 && shared->library.keep == -1 &&
	       !shared->library.hook && !options.from && !options.edit && !shared->library.dry_run && shared->verbosity == 0;
}

static bool fill_values_arrive(void)
{
	struct fill_options options = { 0 };
	const struct options *shared = &options.shared;

	return parse(&options.shared, fill_options_table, ~0U,
		     "--from=a --dereference --edit --file-mode 0640 --dir-mode=0750 --owner 1:2") == 0 &&
	       strcmp(options.from, "a") == 0 && options.dereference && options.edit && !shared->library.dry_run &&
	       shared->library.file_mode == 0640 && shared->library.dir_mode == 0750 && shared->library.uid == 1 &&
	       shared->library.gid == 2;
}

static bool shared_values_arrive(void)
{
	struct fill_options options = { 0 };
	const struct options *shared = &options.shared;

	return parse(&options.shared, fill_options_table, ~0U,
		     "--check c --on-change=o --hook-timeout 2s --json -v --keep 3") == 0 &&
	       strcmp(shared->check, "c") == 0 && strcmp(shared->on_change, "o") == 0 && shared->library.hook &&
	       shared->hook_timeout_ms == 2000 && shared->json && shared->verbosity == 1 && shared->library.keep == 3 &&
	       parse(&options.shared, fill_options_table, ~0U,
		     "--sync fs --if-generation 0 --grace 1m --wait 5s --no-wait -q") == 0 &&
	       shared->library.sync == ATOMICDIR_SYNC_FS && shared->library.if_generation == 0 &&
	       shared->library.grace_ms == 60000 && shared->library.wait_ms == 0 && shared->verbosity == -1;
}

static bool secret_values_arrive(void)
{
	struct secret_options options = { 0 };

	return parse(&options.shared, secret_options_table, ~0U,
		     "--entries a --entries=b --tag k=v --region r,s --source file:x --offline") == 0 &&
	       options.entries.count == 2 && strcmp(options.entries.items[1], "b") == 0 && options.tags.count == 1 &&
	       strcmp(options.region, "r,s") == 0 && strcmp(options.source, "file:x") == 0 && options.offline;
}

static bool words_are_sorted(void)
{
	struct fill_options options = { 0 };
	const struct options *shared = &options.shared;

	return parse(&options.shared, fill_options_table, ~0U, "a --keep 1 - -q b -- --keep c") == 0 &&
	       shared->operand_count == 3 && strcmp(shared->operands[0], "a") == 0 && strcmp(shared->operands[1], "-") == 0 &&
	       strcmp(shared->operands[2], "b") == 0 && strcmp(shared->command[0], "--keep") == 0 &&
	       strcmp(shared->command[1], "c") == 0 && !shared->command[2];
}

static bool list_is_limited(void)
{
	struct secret_options options = { 0 };
	bool is_taken = true;

	for (int i = 0; i < OPTION_LIST_MAX; i++)
		is_taken = is_taken && option_list(&options.tags, "k=v", &error) == 0;
	return is_taken && option_list(&options.tags, "k=v", &error) < 0 && options.tags.count == OPTION_LIST_MAX;
}

/* Each row of a table has one meaning in each command. */
static bool rows_are_unique(const struct option *table)
{
	for (const struct option *one = table; one->name; one++)
		for (const struct option *other = one + 1; other->name; other++)
			if (strcmp(one->name, other->name) == 0 && one->takes & other->takes)
				return false;
	return true;
}

static void check_links(void)
{
	static const struct {
		const char *link, *parent, *absolute;
	} cases[] = {
		{ "app", ".", "/tmp/app" },
		{ "app//", ".", "/tmp/app" },
		{ "/app", "/", "/app" },
		{ "//app", "/", "/app" },
		{ "/usr//app/", "/usr", "/usr/app" },
		{ "../usr/app", "../usr", "/usr/app" },
		{ "/", "/", "/" },
		{ "", ".", "" },
		{ "no/such/app", "no/such", "no/such/app" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *parent = link_parent(cases[i].link), *absolute = link_absolute(cases[i].link, &error);

		claim(parent && strcmp(parent, cases[i].parent) == 0, "LINK '%s' is in '%s'", cases[i].link, cases[i].parent);
		claim(absolute && strcmp(absolute, cases[i].absolute) == 0, "in /tmp LINK '%s' is '%s'", cases[i].link,
		      cases[i].absolute);
		if (strcmp(parent, cases[i].parent) != 0 || strcmp(absolute, cases[i].absolute) != 0)
			printf("# got '%s' and '%s'\n", parent, absolute);
		free(parent);
		free(absolute);
	}
}

int main(void)
{
	if (chdir("/tmp") < 0)
		return 2;
	check_numbers();
	check_owners();
	check_refusals();
	ok(fill_defaults_hold(), "without options the defaults hold");
	ok(fill_values_arrive(), "each option of fill arrives where it belongs");
	ok(shared_values_arrive(), "each option that both programs share sets its field");
	ok(secret_values_arrive(), "each option of secretdir sets its field, and options that may be repeated are lists");
	ok(words_are_sorted(), "operands may stand between options, and what follows -- is COMMAND's");
	ok(list_is_limited(), "a list that is full takes no more");
	ok(rows_are_unique(fill_options_table), "no command of atomicdir has two options of one name");
	ok(rows_are_unique(secret_options_table), "no command of secretdir has two options of one name");
	check_links();
	return done();
}
