/* SPDX-License-Identifier: ISC
 *
 * list, show, diff, prune: what looks at generations, and what removes them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "atomicdir/command.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/report.h"

int parse_generation(const char *text, int64_t *generation, struct atomicdir_error *error)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return error_set(error, ATOMICDIR_USAGE, text, "not a generation's number");
	*generation = number;
	return 0;
}

static int usage(const char *text)
{
	struct atomicdir_error error;

	error_set(&error, ATOMICDIR_USAGE, NULL, "%s", text);
	return report_error(&error);
}

int command_list(const struct options *options)
{
	cleanup_free struct atomicdir_generation *list = NULL;
	struct atomicdir_error error;

	if (options->operand_count != 1 || options->command)
		return usage("list needs one LINK");
	if (atomicdir_list(options->operands[0], &list, &error) < 0)
		return report_error(&error);
	report_generations(options, options->operands[0], list);
	return ATOMICDIR_OK;
}

int command_show(const struct options *options)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	struct atomicdir_error error;

	if (options->operand_count != 1 || options->command)
		return usage("show needs one LINK");
	if (atomicdir_show(options->operands[0], &live, &error) < 0)
		return report_error(&error);
	if (options->json)
		report_generations(options, options->operands[0], live);
	else
		puts(live->path);
	return ATOMICDIR_OK;
}

int command_diff(const struct options *options)
{
	cleanup_free struct atomicdir_change *list = NULL;
	struct atomicdir_error error;
	int64_t a = -1, b = -1;

	if (options->operand_count < 1 || options->operand_count > 3 || options->command)
		return usage("diff needs LINK [A [B]]");
	if ((options->operand_count > 1 && parse_generation(options->operands[1], &a, &error) < 0) ||
	    (options->operand_count > 2 && parse_generation(options->operands[2], &b, &error) < 0) ||
	    atomicdir_diff(options->operands[0], a, b, &list, &error) < 0)
		return report_error(&error);
	report_changes(options, list);
	return ATOMICDIR_OK;
}

int command_prune(const struct options *options)
{
	cleanup_free struct atomicdir_generation *removed = NULL;
	struct atomicdir_options library = options->library;
	struct atomicdir_error error;

	if (options->operand_count != 1 || options->command)
		return usage("prune needs one LINK");
	/* "Now": what a fill leaves for a moment is not spared. */
	if (library.grace_ms < 0)
		library.grace_ms = 0;
	if (atomicdir_prune(options->operands[0], &library, &removed, &error) < 0)
		return report_error(&error);
	report_warning(options, &error);
	report_generations(options, options->operands[0], removed);
	return ATOMICDIR_OK;
}
