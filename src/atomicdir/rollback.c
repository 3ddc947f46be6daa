/* SPDX-License-Identifier: ISC
 *
 * rollback and adopt: publications of what is there already.
 */
#include <stdlib.h>

#include "atomicdir/command.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/report.h"
#include "command/waiting.h"

static int rollback_finish(const struct options *options, const char *link, bool is_changed,
			   const struct atomicdir_generation *live, struct atomicdir_error *error)
{
	report_warning(options, error);
	report_result(options, link, is_changed, live, stdout);
	if (options->library.dry_run)
		return ATOMICDIR_OK;
	return hook_run(options, link, live, error) < 0 ? report_error(error) : ATOMICDIR_OK;
}

/* Checks the generation that would become live, and settles *generation: what was checked is what is published, even if somebody
 * else publishes meanwhile. */
static int rollback_check(const struct options *options, const char *link, int64_t *generation, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *target = NULL;
	struct atomicdir_options dry = options->library;
	int is_changed;

	if (!options->check)
		return 0;
	dry.dry_run = 1;
	is_changed = atomicdir_rollback(options->operands[0], *generation, &dry, &target, error);
	if (is_changed <= 0)
		return is_changed;
	*generation = target->number;
	return check_run(options, link, target->path, error);
}

struct rollback_call {
	const char *link;
	int64_t generation;
	struct atomicdir_generation **live;
};

static int rollback_call(const struct atomicdir_options *library, void *context, struct atomicdir_error *error)
{
	const struct rollback_call *call = context;

	return atomicdir_rollback(call->link, call->generation, library, call->live, error);
}

static int adopt_call(const struct atomicdir_options *library, void *context, struct atomicdir_error *error)
{
	return atomicdir_adopt(context, library, error);
}

int command_rollback(const struct options *options)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	struct atomicdir_error error;
	cleanup_free char *link = link_absolute(options->operands[0], &error);
	int64_t generation = -1;
	int is_changed;

	if (!link || (options->operand_count > 1 && generation_parse(options->operands[1], &generation, &error) < 0) ||
	    rollback_check(options, link, &generation, &error) < 0)
		return report_error(&error);
	is_changed = waiting_call(options, &options->library, rollback_call,
				  &(struct rollback_call){ options->operands[0], generation, &live }, &error);
	if (is_changed < 0)
		return report_error(&error);
	return rollback_finish(options, link, is_changed, live, &error);
}

int command_adopt(const struct options *options)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	struct atomicdir_error error, ignored;
	cleanup_free char *link = link_absolute(options->operands[0], &error);
	int is_changed;

	/* Where something is live, it was checked when it was published. */
	if (!link || (atomicdir_show(link, NULL, NULL) < 0 && check_run(options, link, link, &error) < 0))
		return report_error(&error);
	is_changed = waiting_call(options, &options->library, adopt_call, options->operands[0], &error);
	if (is_changed < 0)
		return report_error(&error);
	atomicdir_show(link, &live, &ignored);
	return rollback_finish(options, link, is_changed, live, &error);
}
