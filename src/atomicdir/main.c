/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomicdir/command.h"
#include "base/error.h"
#include "command/process.h"
#include "command/report.h"

#define PUBLISHES (TAKES_PUBLISH | TAKES_JSON)

static const struct command {
	const char *name;
	int (*run)(const struct options *options);
	unsigned takes;
	int usage_status;
	const char *synopsis, *description;
} commands[] = {
	{ "fill", command_fill, PUBLISHES | TAKES_FILL, 2, "LINK -- COMMAND [ARG...] | LINK --from DIR", "fill a fresh directory, then publish it" },
	{ "list", command_list, TAKES_JSON, 2, "LINK", "the generations, newest first" },
	{ "show", command_show, TAKES_JSON, 2, "LINK", "the path of the live generation" },
	{ "rollback", command_rollback, PUBLISHES, 2, "LINK [GENERATION]", "publish a kept one again" },
	{ "prune", command_prune, TAKES_PRUNE | TAKES_JSON, 2, "LINK", "remove old generations now" },
	{ "diff", command_diff, TAKES_JSON, 2, "LINK [A [B]]", "which files differ" },
	{ "exec", command_exec, 0, 125, "LINK -- COMMAND [ARG...]", "run COMMAND in the pinned live generation" },
	{ "adopt", command_adopt, PUBLISHES, 2, "LINK", "make what is at LINK ours, without a gap" },
};

static void print_help(const struct command *only)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!only || only == &commands[i])
			printf("%s atomicdir %s%s %s\n              %s\n", i && !only ? "      " : "usage:", commands[i].name,
			       commands[i].takes ? " [OPTIONS]" : "", commands[i].synopsis, commands[i].description);
	if (only) {
		printf("options:\n");
		options_help(only->takes, stdout);
	} else
		printf("'atomicdir help COMMAND' lists its options. LINK is a symlink that readers use.\n");
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct atomicdir_error error;
	struct options options;

	error_clear(&error);
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help(command);
			return ATOMICDIR_OK;
		}
	if (options_parse(&options, command->takes, argc, argv, &error) < 0) {
		report_error(&error);
		return command->usage_status;
	}
	return command->run(&options);
}

static int refuse(const char *name)
{
	struct atomicdir_error error;

	if (*name)
		error_set(&error, ATOMICDIR_USAGE, name, "'atomicdir help' lists the commands; there is none such");
	else
		error_set(&error, ATOMICDIR_USAGE, NULL, "which command? 'atomicdir help' lists them");
	return report_error(&error);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *command = find(name);

	process_begin();
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		name = argc > 2 ? argv[2] : NULL;
		command = name ? find(name) : NULL;
		if (name && !command)
			return refuse(name);
		print_help(command);
		return report_end(ATOMICDIR_OK, false);
	}
	if (strcmp(name, "--version") == 0) {
		puts("atomicdir " VERSION);
		return report_end(ATOMICDIR_OK, false);
	}
	if (!command)
		return refuse(name);
	return report_end(run(command, argc - 2, argv + 2), command->takes & TAKES_PUBLISH);
}
