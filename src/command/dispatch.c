/* SPDX-License-Identifier: ISC */
#include "command/dispatch.h"

#include <string.h>

#include "base/error.h"
#include "base/version.h"
#include "command/closest.h"
#include "command/complete.h"
#include "command/report.h"
#include "process/process.h"

struct option_set command_options(const struct program *program, const struct command *command, const char *help)
{
	return (struct option_set){ program->options, command->takes, help };
}

/* ---- Help ---- */

static void command_help(const struct program *program, const struct command *command, const char *before)
{
	printf("%s %s %s%s %s\n              %s\n", before, program->name, command->name, command->takes ? " [OPTIONS]" : "",
	       command->synopsis, command->description);
}

static void program_help(const struct program *program)
{
	for (const struct command *command = program->commands; command->name; command++)
		command_help(program, command, command == program->commands ? "usage:" : "      ");
	printf("%s'%s help COMMAND' lists its options.\n", program->notes, program->name);
}

static void print_help(const struct program *program, const struct command *only)
{
	struct option_set options;

	if (!only) {
		program_help(program);
		return;
	}
	options = command_options(program, only, NULL);
	command_help(program, only, "usage:");
	printf("%soptions:\n", program->notes);
	options_help(&options, stdout);
}

static bool is_help(const char *text)
{
	return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static bool has_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i]))
			return true;
	return false;
}

/* ---- Commands ---- */

const struct command *command_find(const struct program *program, const char *name)
{
	for (const struct command *command = program->commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

/* The command that may be meant; NULL: none is close. */
static const char *command_closest(const struct program *program, const char *name)
{
	size_t least = CLOSEST_FAR;
	const char *closest = NULL;

	for (const struct command *command = program->commands; command->name; command++) {
		size_t edits = closest_edits(name, strlen(name), command->name);

		if (edits < least) {
			least = edits;
			closest = command->name;
		}
	}
	return closest_is_slip(least, strlen(name)) ? closest : NULL;
}

static int command_refuse(const struct program *program, const char *name)
{
	const char *closest = command_closest(program, name);
	struct atomicdir_error error;

	if (*name)
		error_set(&error, ATOMICDIR_USAGE, NULL, "unknown command '%.200s'%s%s%s; see '%s help'", name,
			  closest ? " (did you mean '" : "", closest ? closest : "", closest ? "'?)" : "", program->name);
	else
		error_set(&error, ATOMICDIR_USAGE, NULL, "no command given; see '%s help'", program->name);
	return report_error(&error);
}

/* Who leaves out "--" has given COMMAND as an operand too many, or as the last ENTRY. */
static int command_check_operands(const struct command *command, const struct options *options, struct atomicdir_error *error)
{
	bool has_command = options->command && options->command[0];
	bool has_too_many = command->most >= 0 && options->operand_count > command->most;

	if (has_too_many)
		return error_set(error, ATOMICDIR_USAGE, NULL, "unexpected argument '%.200s'%s",
				 options->operands[command->most],
				 command->tail != TAIL_REFUSED && !options->command ? "; COMMAND must follow '--'" : "");
	if (command->tail == TAIL_REFUSED && options->command)
		return error_set(error, ATOMICDIR_USAGE, NULL, "unexpected argument '--'");
	if (options->operand_count < command->least)
		return error_set(error, ATOMICDIR_USAGE, NULL, "not enough arguments");
	if (command->tail == TAIL_REQUIRED && !has_command)
		return error_set(error, ATOMICDIR_USAGE, NULL, "no COMMAND given; it must follow '--'");
	return 0;
}

static int command_parse(const struct program *program, const struct command *command, struct options *options, int argc,
			 char **argv, struct atomicdir_error *error)
{
	char help[128];
	struct option_set set = command_options(program, command, help);

	snprintf(help, sizeof(help), "%s help %s", program->name, command->name);
	if (options_parse(options, &set, argc, argv, error) < 0)
		return -1;
	if (command_check_operands(command, options, error) == 0)
		return 0;
	error_append(error, "usage: %s %s%s %s", program->name, command->name, command->takes ? " [OPTIONS]" : "",
		     command->synopsis);
	return -1;
}

static int command_run(const struct program *program, const struct command *command, struct options *options, int argc,
		       char **argv)
{
	struct atomicdir_error error;
	int status;

	error_clear(&error);
	if (has_help(argc, argv)) {
		print_help(program, command);
		return ATOMICDIR_OK;
	}
	if (command_parse(program, command, options, argc, argv, &error) == 0)
		return command->run(options);
	status = report_error(&error);
	return command->usage_status ? command->usage_status : status;
}

static int run_help(const struct program *program, const char *name)
{
	const struct command *command = name ? command_find(program, name) : NULL;

	if (name && !command)
		return command_refuse(program, name);
	print_help(program, command);
	return ATOMICDIR_OK;
}

/* ---- Versions ---- */

static void print_versions(const struct program *program)
{
	char compiler[VERSION_COMPILER_SIZE];

	version_compiler(compiler);
	printf("%s %s\nlibatomicdir %s, %s\n", program->name, VERSION, VERSION, compiler);
	fflush(stdout);
	if (program->print_versions)
		program->print_versions();
}

int dispatch(const struct program *program, struct options *options, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *command = command_find(program, name);

	process_begin();
	report_init(program->name);
	if (is_help(name) || strcmp(name, "help") == 0)
		return report_end(run_help(program, argc > 2 ? argv[2] : NULL), false);
	if (strcmp(name, "--version") == 0) {
		print_versions(program);
		return report_end(ATOMICDIR_OK, false);
	}
	if (strcmp(name, COMPLETE_COMMAND) == 0) {
		complete_print(program, argc - 2, argv + 2);
		return report_end(ATOMICDIR_OK, false);
	}
	if (!command)
		return command_refuse(program, name);
	return report_end(command_run(program, command, options, argc - 2, argv + 2), command->is_publication);
}
