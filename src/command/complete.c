/* SPDX-License-Identifier: ISC */
#include "command/complete.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

/* A command line as far as it is typed. */
struct typed {
	const struct program *program;
	const struct command *command;
	struct option_set set;
	const char *current;	      /* the word that is being typed */
	const char *link;	      /* the first operand; NULL: it is not there yet */
	int operand_count;	      /* before `current` */
	const struct option *waiting; /* an option whose value is `current`; NULL: none */
	int tail;		      /* the number of the first word after "--"; 0: there was no "--" */
};

/* ---- Candidates ---- */

static void print_candidate(const struct typed *typed, const char *before, const char *word, const char *meaning)
{
	cleanup_free char *whole = NULL;

	if (asprintf(&whole, "%s%s", before, word) < 0) {
		whole = NULL;
		return;
	}
	if (strncmp(whole, typed->current, strlen(typed->current)) == 0)
		printf("%s\t%s\n", whole, meaning);
}

static void print_commands(const struct typed *typed)
{
	for (const struct command *command = typed->program->commands; command->name; command++)
		print_candidate(typed, "", command->name, command->description);
}

static void print_options(const struct typed *typed)
{
	const struct option *option = NULL;

	while ((option = options_next(&typed->set, option)))
		print_candidate(typed, "", option->name, option->help);
	print_candidate(typed, "", "--help", "list the options");
}

static void print_generations(const struct typed *typed, const char *before)
{
	cleanup_free struct atomicdir_generation *list = NULL;

	if (!typed->link || atomicdir_list(typed->link, &list, NULL) < 0)
		return;
	for (const struct atomicdir_generation *generation = list; generation; generation = generation->next) {
		char number[32], meaning[64];

		snprintf(number, sizeof(number), "%" PRId64, generation->number);
		snprintf(meaning, sizeof(meaning), "%" PRId64 " files%s", generation->files,
			 generation->is_live ? ", live" : "");
		print_candidate(typed, before, number, generation->files < 0 ? "" : meaning);
	}
}

static void print_words(const struct typed *typed, const char *before, const char *const *words)
{
	for (; *words; words++)
		print_candidate(typed, before, *words, "");
}

/* ---- Values of options ---- */

static const char *const signals[] = { "HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH", NULL };
static const char *const sources[] = { "aws", "file:", NULL };
static const char *const generation_options[] = { "--if-generation", "--since", NULL };

/* What a value is, by the name of the argument in the table. */
static const struct value_kind {
	const char *argument, *directive;
	const char *const *words;
} value_kinds[] = {
	{ "DIR", ":directories", NULL },    { "FILE", ":files", NULL },	 { "COMMAND", ":programs", NULL },
	{ "USER[:GROUP]", ":users", NULL }, { "SIGNAL", NULL, signals }, { "NAME[:ARG]", NULL, sources },
};

static bool option_is_one_of(const struct option *option, const char *const *names)
{
	while (*names && strcmp(option->name, *names) != 0)
		names++;
	return *names;
}

/* `before` is "--option=", where the value is in the same word, or "". */
static void print_values(const struct typed *typed, const struct option *option, const char *before)
{
	const char *const *words = option_words(option);

	if (words)
		print_words(typed, before, words);
	if (option_is_one_of(option, generation_options))
		print_generations(typed, before);
	for (size_t i = 0; i < sizeof(value_kinds) / sizeof(*value_kinds); i++) {
		const struct value_kind *kind = &value_kinds[i];

		if (strcmp(option->argument, kind->argument) != 0)
			continue;
		if (kind->words)
			print_words(typed, before, kind->words);
		else
			printf("%s\n", kind->directive);
	}
}

/* ---- Operands ---- */

/* The name of operand `number` in a synopsis such as "LINK [A [B]]", without brackets; "" if there is none. */
static void operand_name(const char *synopsis, int number, char *name, size_t size)
{
	const char *word = synopsis;
	size_t length;

	for (;; word += length) {
		word += strspn(word, " [");
		length = strcspn(word, " ]");
		if (!length || *word == '-' || *word == '|')
			length = 0;
		if (!length || number-- == 0)
			break;
		length += strspn(word + length, "]");
	}
	snprintf(name, size, "%.*s", (int)length, word);
}

static void print_operands(const struct typed *typed)
{
	char name[32];

	operand_name(typed->command->synopsis, typed->operand_count, name, sizeof(name));
	if (strcmp(name, "LINK") == 0)
		printf(":directories\n");
	else if (strcmp(name, "GENERATION") == 0 || strcmp(name, "A") == 0 || strcmp(name, "B") == 0)
		print_generations(typed, "");
}

/* ---- Words before the current one ---- */

static void typed_take(struct typed *typed, const char *word, int number)
{
	size_t size = strcspn(word, "=");
	const struct option *option = options_find(&typed->set, word, size);

	if (typed->waiting)
		typed->waiting = NULL;
	else if (strcmp(word, "--") == 0)
		typed->tail = number + 1;
	else if (option && option->argument && !word[size])
		typed->waiting = option;
	else if (*word != '-' && typed->operand_count++ == 0)
		typed->link = word;
}

static void print_current(const struct typed *typed)
{
	size_t size = strcspn(typed->current, "=");
	const struct option *option = typed->current[size] ? options_find(&typed->set, typed->current, size) : NULL;
	char before[64];

	if (typed->tail) {
		if (strstr(typed->command->synopsis, "-- COMMAND"))
			printf(":command %d\n", typed->tail);
	} else if (typed->waiting) {
		print_values(typed, typed->waiting, "");
	} else if (option && option->argument) {
		snprintf(before, sizeof(before), "%s=", option->name);
		print_values(typed, option, before);
	} else if (*typed->current == '-') {
		print_options(typed);
	} else {
		print_operands(typed);
	}
}

static void print_first(const struct typed *typed)
{
	print_commands(typed);
	print_candidate(typed, "", "help", "list the commands, or the options of one");
	print_candidate(typed, "", "--help", "list the commands");
	print_candidate(typed, "", "--version", "print versions");
}

void complete_print(const struct program *program, int count, char *const *words)
{
	struct typed typed = { .program = program, .current = count > 0 ? words[count - 1] : "" };

	if (count <= 1) {
		print_first(&typed);
		return;
	}
	if (strcmp(words[0], "help") == 0) {
		print_commands(&typed);
		return;
	}
	typed.command = command_find(program, words[0]);
	if (!typed.command)
		return;
	typed.set = command_options(program, typed.command, NULL);
	for (int i = 1; i < count - 1 && !typed.tail; i++)
		typed_take(&typed, words[i], i + 1);
	print_current(&typed);
}
