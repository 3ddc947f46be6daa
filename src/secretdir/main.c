/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/harden.h"
#include "command/process.h"
#include "command/report.h"
#include "secretdir/command.h"

#define TAKES (TAKES_PUBLISH | TAKES_JSON | TAKES_SECRETS)

static const struct command {
	const char *name;
	int (*run)(const struct options *options);
	bool is_publication;
	const char *synopsis, *description;
} commands[] = {
    {"sync", command_sync, true, "[OPTIONS] LINK ENTRY...", "fetch secrets, and publish them as files below LINK"},
    {"plan", command_plan, false, "[OPTIONS] LINK ENTRY...", "what would be published: paths and versions, never values"},
};

static const char entry_help[] = "ENTRY is [PATH=]SECRET[:KEY][,OPTION[=VALUE]]...\n"
				 "  prod/db                    the value, as prod/db\n"
				 "  db.json=prod/db            as db.json\n"
				 "  pw=prod/db:password        a key of a JSON value\n"
				 "  host=prod/db:/hosts/0      by JSON Pointer\n"
				 "  db/=prod/db                each key, as db/KEY\n"
				 "  app/=prod/app/             every secret whose name begins so\n"
				 "  ,stage=S ,version=ID ,mode=0400 ,owner=USER[:GROUP] ,optional ,decode=base64\n";

static void print_help(const struct command *only)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!only || only == &commands[i])
			printf("%s secretdir %s %s\n    %s\n", i && !only ? "      " : "usage:", commands[i].name,
			       commands[i].synopsis, commands[i].description);
	fputs(entry_help, stdout);
	if (only) {
		printf("options:\n");
		options_help(TAKES, stdout);
	}
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
	if (options_parse(&options, TAKES, argc, argv, &error) < 0)
		return report_error(&error);
	return command->run(&options);
}

static int refuse(const char *name)
{
	struct atomicdir_error error;

	if (*name)
		error_set(&error, ATOMICDIR_USAGE, name, "there is no such command; there are sync and plan, and 'secretdir help'");
	else
		error_set(&error, ATOMICDIR_USAGE, NULL, "which command? 'secretdir help' lists them");
	return report_error(&error);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *command = find(name);

	harden();
	process_begin();
	report_init("secretdir");
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		name = argc > 2 ? argv[2] : NULL;
		command = name ? find(name) : NULL;
		if (name && !command)
			return refuse(name);
		print_help(command);
		return report_end(ATOMICDIR_OK, false);
	}
	if (strcmp(name, "--version") == 0) {
		puts("secretdir " VERSION);
		return report_end(ATOMICDIR_OK, false);
	}
	if (!command)
		return refuse(name);
	return report_end(run(command, argc - 2, argv + 2), command->is_publication);
}
