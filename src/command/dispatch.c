/* SPDX-License-Identifier: ISC */
#include "command/dispatch.h"

#include <string.h>

#include "base/error.h"
#include "command/report.h"
#include "process/process.h"

static void print_help(const struct program *program, const struct command *only)
{
	for (size_t i = 0; i < program->count; i++) {
		const struct command *command = &program->commands[i];

		if (!only || only == command)
			printf("%s %s %s%s %s\n              %s\n", i && !only ? "      " : "usage:", program->name,
			       command->name, command->takes ? " [OPTIONS]" : "", command->synopsis, command->description);
	}
	fputs(program->notes, stdout);
	if (only) {
		printf("options:\n");
		options_help(only->takes, stdout);
	} else {
		printf("'%s help COMMAND' lists its options.\n", program->name);
	}
}

static const struct command *find(const struct program *program, const char *name)
{
	for (size_t i = 0; i < program->count; i++)
		if (strcmp(program->commands[i].name, name) == 0)
			return &program->commands[i];
	return NULL;
}

static bool is_help(const char *text)
{
	return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static int run(const struct program *program, const struct command *command, int argc, char **argv)
{
	struct atomicdir_error error;
	struct options options;

	error_clear(&error);
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i])) {
			print_help(program, command);
			return ATOMICDIR_OK;
		}
	if (options_parse(&options, command->takes, argc, argv, &error) < 0) {
		report_error(&error);
		return command->usage_status;
	}
	return command->run(&options);
}

static int refuse(const struct program *program, const char *name)
{
	struct atomicdir_error error;

	if (*name)
		error_set(&error, ATOMICDIR_USAGE, name, "there is no such command; '%s help' lists them", program->name);
	else
		error_set(&error, ATOMICDIR_USAGE, NULL, "which command? '%s help' lists them", program->name);
	return report_error(&error);
}

static int help(const struct program *program, const char *name)
{
	const struct command *command = name ? find(program, name) : NULL;

	if (name && !command)
		return refuse(program, name);
	print_help(program, command);
	return ATOMICDIR_OK;
}

int dispatch(const struct program *program, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *command = find(program, name);

	process_begin();
	report_init(program->name);
	if (is_help(name) || strcmp(name, "help") == 0)
		return report_end(help(program, argc > 2 ? argv[2] : NULL), false);
	if (strcmp(name, "--version") == 0) {
		printf("%s %s\n", program->name, VERSION);
		return report_end(ATOMICDIR_OK, false);
	}
	if (!command)
		return refuse(program, name);
	return report_end(run(program, command, argc - 2, argv + 2), command->is_publication);
}
