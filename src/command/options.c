/* SPDX-License-Identifier: ISC */
#include "command/options.h"

#include <string.h>

#include "base/error.h"
#include "command/closest.h"
#include "command/value.h"

#define HELP_COLUMN 27
#define HELP_WIDTH 79
#define HOOK_TIMEOUT_MS 60000

/* ---- Where values go ---- */

int option_count(void *int64, const char *text, struct atomicdir_error *error)
{
	return value_count(text, int64, error);
}

int option_duration(void *int64_ms, const char *text, struct atomicdir_error *error)
{
	return value_duration(text, int64_ms, error);
}

int option_mode(void *mode, const char *text, struct atomicdir_error *error)
{
	return value_mode(text, mode, error);
}

int option_owner(void *library, const char *text, struct atomicdir_error *error)
{
	struct atomicdir_options *options = library;

	return value_owner(text, &options->uid, &options->gid, error);
}

int option_signal(void *integer, const char *text, struct atomicdir_error *error)
{
	return value_signal(text, integer, error);
}

int option_text(void *text_pointer, const char *text, struct atomicdir_error *error)
{
	(void)error;
	*(const char **)text_pointer = text;
	return 0;
}

/* The library's flags are integers, for bindings. */
int option_library_flag(void *integer, const char *text, struct atomicdir_error *error)
{
	(void)text;
	(void)error;
	*(int *)integer = 1;
	return 0;
}

int option_flag(void *boolean, const char *text, struct atomicdir_error *error)
{
	(void)text;
	(void)error;
	*(bool *)boolean = true;
	return 0;
}

int option_list(void *list, const char *text, struct atomicdir_error *error)
{
	struct option_list *options = list;

	if (options->count == OPTION_LIST_MAX)
		return error_set(error, ATOMICDIR_USAGE, NULL, "it may be given at most %d times", OPTION_LIST_MAX);
	options->items[options->count++] = text;
	return 0;
}

/* In the order of enum atomicdir_layout, from LINK on, and of enum atomicdir_sync. */
static const char *const layout_words[] = { "link", "volume", "files", NULL };
static const char *const sync_words[] = { "auto", "files", "fs", "none", NULL };

/* "a, b or c". */
static int word_refuse(const char *const *words, const char *text, struct atomicdir_error *error)
{
	char list[128] = "";
	size_t size = 0;

	for (size_t i = 0; words[i] && size < sizeof(list); i++) {
		const char *before = words[i + 1] ? ", " : " or ";

		size += (size_t)snprintf(list + size, sizeof(list) - size, "%s%s", i ? before : "", words[i]);
	}
	return error_set(error, ATOMICDIR_USAGE, NULL, "'%.200s' is not %s", text, list);
}

/* The word's place in the list. */
static int word_find(const char *const *words, const char *text, struct atomicdir_error *error)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return word_refuse(words, text, error);
}

static int option_layout(void *layout, const char *text, struct atomicdir_error *error)
{
	int found = word_find(layout_words, text, error);

	if (found < 0)
		return -1;
	*(int *)layout = ATOMICDIR_LAYOUT_LINK + found;
	return 0;
}

static int option_sync(void *sync, const char *text, struct atomicdir_error *error)
{
	int found = word_find(sync_words, text, error);

	if (found < 0)
		return -1;
	*(int *)sync = found;
	return 0;
}

const char *const *option_words(const struct option *option)
{
	if (option->take == option_layout)
		return layout_words;
	return option->take == option_sync ? sync_words : NULL;
}

static int option_no_wait(void *wait_ms, const char *text, struct atomicdir_error *error)
{
	(void)text;
	(void)error;
	*(int64_t *)wait_ms = 0;
	return 0;
}

static int option_quiet(void *verbosity, const char *text, struct atomicdir_error *error)
{
	(void)text;
	(void)error;
	*(int *)verbosity = -1;
	return 0;
}

static int option_verbose(void *verbosity, const char *text, struct atomicdir_error *error)
{
	(void)text;
	(void)error;
	*(int *)verbosity = 1;
	return 0;
}

#define AT(member) offsetof(struct options, member)

static const struct option shared[] = {
	{ "--sync", "HOW", TAKES_PUBLISH, option_sync, AT(library.sync),
	  "how data gets to the disk: auto, files, fs or none (default: auto)" },
	{ "--check", "COMMAND", TAKES_PUBLISH, option_text, AT(check),
	  "run COMMAND in the new generation before it is published; if it fails, nothing is published" },
	{ "--on-change", "COMMAND", TAKES_PUBLISH, option_text, AT(on_change),
	  "run COMMAND after a change; retried by the next run until it exits 0" },
	{ "--signal", "SIGNAL", TAKES_PUBLISH, option_signal, AT(signal),
	  "send SIGNAL after a change, instead of a command; with --pidfile or --process" },
	{ "--pidfile", "FILE", TAKES_PUBLISH, option_text, AT(pidfile),
	  "with --signal: to the process whose number is in FILE" },
	{ "--process", "NAME", TAKES_PUBLISH, option_text, AT(process),
	  "with --signal: to every process that runs a program of this name" },
	{ "--rollback-on-failure", NULL, TAKES_CONTENT, option_flag, AT(rollback_on_failure),
	  "publish what was live before again where the on-change command fails (status 4)" },
	{ "--layout", "LAYOUT", TAKES_CONTENT | TAKES_LAYOUT, option_layout, AT(library.layout),
	  "link; or, for a directory that must stay one, volume, or files, atomic for each file only (default: what LINK is, else link)" },
	{ "--visible-store", NULL, TAKES_CONTENT, option_library_flag, AT(library.visible_store),
	  "when the store is made: name it NAME.atomicdir, without a dot before it" },
	{ "--hook-timeout", "DURATION", TAKES_PUBLISH, option_duration, AT(hook_timeout_ms),
	  "time limit of --check and --on-change (default: 1m)" },
	{ "--wait", "DURATION", TAKES_WAIT, option_duration, AT(library.wait_ms),
	  "wait at most DURATION for another writer (default: no limit)" },
	{ "--no-wait", NULL, TAKES_WAIT, option_no_wait, AT(library.wait_ms), "fail if another writer is at work" },
	{ "--if-generation", "N", TAKES_PUBLISH, option_count, AT(library.if_generation),
	  "publish only if generation N is live; 0: only if none is" },
	{ "--json", NULL, TAKES_JSON, option_flag, AT(json), "print the result as JSON on standard output" },
	{ "-q", NULL, ~0U, option_quiet, AT(verbosity), "print only errors on standard error" },
	{ "-v", NULL, ~0U, option_verbose, AT(verbosity), "print more on standard error" },
	{ 0 },
};

/* ---- Help ---- */

/* The size of the next line: as many whole words as fit into it, or one word that is too long for it. */
static size_t help_line_size(const char *text)
{
	size_t size = strcspn(text, " ");

	for (size_t next = size; text[size]; size = next) {
		next = size + 1 + strcspn(text + size + 1, " ");
		if (next > HELP_WIDTH - HELP_COLUMN)
			break;
	}
	return size;
}

static void option_help(const struct option *option, FILE *to)
{
	const char *text = option->help;
	char left[HELP_COLUMN + 32];

	snprintf(left, sizeof(left), "  %s%s%s", option->name, option->argument ? " " : "",
		 option->argument ? option->argument : "");
	while (*text) {
		size_t size = help_line_size(text);

		fprintf(to, "%-*s%.*s\n", HELP_COLUMN, left, (int)size, text);
		text += size + (text[size] == ' ');
		*left = '\0';
	}
}

static const struct option *table_next(const struct option *option, unsigned takes)
{
	while (option->name && !(option->takes & takes))
		option++;
	return option->name ? option : NULL;
}

static bool option_is_shared(const struct option *option)
{
	return option >= shared && option < shared + sizeof(shared) / sizeof(*shared);
}

const struct option *options_next(const struct option_set *set, const struct option *last)
{
	const struct option *own = NULL;

	if (last && option_is_shared(last))
		return table_next(last + 1, set->takes);
	own = table_next(last ? last + 1 : set->own, set->takes);
	return own ? own : table_next(shared, set->takes);
}

void options_help(const struct option_set *set, FILE *to)
{
	for (const struct option *option = options_next(set, NULL); option; option = options_next(set, option))
		option_help(option, to);
}

/* ---- Parsing ---- */

const struct option *options_find(const struct option_set *set, const char *name, size_t size)
{
	const struct option *option = options_next(set, NULL);

	while (option && (strlen(option->name) != size || strncmp(option->name, name, size) != 0))
		option = options_next(set, option);
	return option;
}

static int option_refuse(const struct option *option, const char *value, struct atomicdir_error *error)
{
	if (!option->argument)
		return error_set(error, ATOMICDIR_USAGE, NULL, "option %s takes no value", option->name);
	return error_set(error, ATOMICDIR_USAGE, NULL, "option %s needs %s%s", option->name, option->argument,
			 value ? ", which cannot be empty" : "");
}

/* The option that may be meant; NULL: none is close. */
static const char *options_closest(const struct option_set *set, const char *name, size_t size)
{
	size_t least = CLOSEST_FAR;
	const char *closest = NULL;

	for (const struct option *option = options_next(set, NULL); option; option = options_next(set, option)) {
		size_t edits = closest_edits(name, size, option->name);

		if (edits < least) {
			least = edits;
			closest = option->name;
		}
	}
	return closest_is_slip(least, size) ? closest : NULL;
}

static int option_is_unknown(const struct option_set *set, const char *name, size_t size, struct atomicdir_error *error)
{
	const char *closest = options_closest(set, name, size);

	return error_set(error, ATOMICDIR_USAGE, NULL, "unknown option '%.*s'%s%s%s; see '%s'", size < 200 ? (int)size : 200,
			 name, closest ? " (did you mean '" : "", closest ? closest : "", closest ? "'?)" : "", set->help);
}

/* Returns how many words the option took. */
static int option_parse(struct options *options, const struct option_set *set, int argc, char **argv,
			struct atomicdir_error *error)
{
	size_t size = strcspn(argv[0], "=");
	bool has_value = argv[0][size];
	const struct option *option = options_find(set, argv[0], size);
	const char *value = has_value ? argv[0] + size + 1 : NULL;

	if (!option)
		return option_is_unknown(set, argv[0], size, error);
	if (option->argument && !has_value && argc > 1)
		value = argv[1];
	if (option->argument ? !value || !*value : has_value)
		return option_refuse(option, value, error);
	if (option->take((char *)options + option->offset, value, error) < 0)
		return error_prefix(error, "%s", option->name);
	return option->argument && !has_value ? 2 : 1;
}

bool options_have_hook(const struct options *options)
{
	return options->on_change || options->signal;
}

static int options_check(const struct options *options, unsigned takes, struct atomicdir_error *error)
{
	if (options->signal && options->on_change)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--signal and --on-change cannot be used together");
	if (options->pidfile && options->process)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--pidfile and --process cannot be used together");
	if ((options->pidfile || options->process) && !options->signal)
		return error_set(error, ATOMICDIR_USAGE, NULL, "%s needs --signal SIGNAL",
				 options->pidfile ? "--pidfile" : "--process");
	if (options->signal && !options->pidfile && !options->process && !(takes & TAKES_APPLICATION))
		return error_set(error, ATOMICDIR_USAGE, NULL, "--signal needs --pidfile FILE or --process NAME");
	if (options->rollback_on_failure && !options_have_hook(options))
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "--rollback-on-failure needs --on-change COMMAND or --signal SIGNAL");
	return 0;
}

int options_parse(struct options *options, const struct option_set *set, int argc, char **argv, struct atomicdir_error *error)
{
	int taken;

	options->library = (struct atomicdir_options)ATOMICDIR_OPTIONS_INIT;
	options->hook_timeout_ms = HOOK_TIMEOUT_MS;
	options->operands = argv;
	for (int i = 0; i < argc && !options->command; i += taken) {
		taken = 1;
		if (strcmp(argv[i], "--") == 0)
			options->command = argv + i + 1;
		else if (argv[i][0] != '-' || !argv[i][1])
			argv[options->operand_count++] = argv[i];
		else
			taken = option_parse(options, set, argc - i, argv + i, error);
		if (taken < 0)
			return -1;
	}
	options->library.hook = options_have_hook(options) ? ATOMICDIR_HOOK_AFTER : ATOMICDIR_HOOK_NONE;
	return options_check(options, set->takes, error);
}
