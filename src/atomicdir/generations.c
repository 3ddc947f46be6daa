/* SPDX-License-Identifier: ISC
 *
 * list, show, diff, prune: what looks at generations, and what removes them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "atomicdir/command.h"
#include "atomicdir/options.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/report.h"
#include "command/waiting.h"
#include "command/value.h"

int generation_parse(const char *text, int64_t *generation, struct atomicdir_error *error)
{
	if (value_count(text, generation, error) < 0)
		return error_set(error, ATOMICDIR_USAGE, NULL, "'%.200s' is not the number of a generation", text);
	return 0;
}

int command_list(const struct options *options)
{
	cleanup_free struct atomicdir_generation *list = NULL;
	struct atomicdir_error error;

	if (atomicdir_list(options->operands[0], &list, &error) < 0)
		return report_error(&error);
	report_warning(options, &error);
	report_generations(options, options->operands[0], list);
	return ATOMICDIR_OK;
}

int command_show(const struct options *options)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	struct atomicdir_error error;

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

	if ((options->operand_count > 1 && generation_parse(options->operands[1], &a, &error) < 0) ||
	    (options->operand_count > 2 && generation_parse(options->operands[2], &b, &error) < 0) ||
	    atomicdir_diff(options->operands[0], a, b, &list, &error) < 0)
		return report_error(&error);
	report_changes(options, list);
	return ATOMICDIR_OK;
}

struct prune_call {
	const char *link;
	struct atomicdir_generation **removed;
};

static int prune_call(const struct atomicdir_options *library, void *context, struct atomicdir_error *error)
{
	const struct prune_call *call = context;

	return atomicdir_prune(call->link, library, call->removed, error);
}

int command_prune(const struct options *options)
{
	cleanup_free struct atomicdir_generation *removed = NULL;
	struct atomicdir_options library = options->library;
	struct atomicdir_error error;

	/* Prune means now: without --grace, a generation that was replaced a moment ago goes too. */
	if (library.grace_ms < 0)
		library.grace_ms = 0;
	if (waiting_call(options, &library, prune_call, &(struct prune_call){ options->operands[0], &removed }, &error) < 0)
		return report_error(&error);
	report_warning(options, &error);
	report_generations(options, options->operands[0], removed);
	return ATOMICDIR_OK;
}
