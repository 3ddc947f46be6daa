/* SPDX-License-Identifier: ISC
 *
 * rollback and adopt: publications of what is there already.
 */
#include <stdlib.h>

#include "atomicdir/command.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/report.h"

static int finish(const struct options *options, const char *link, bool is_changed, const struct atomicdir_generation *live,
		  int *held_fd, struct atomicdir_error *error)
{
	report_warning(options, error);
	report_result(options, link, is_changed, live, stdout);
	if (hook_run(options, link, live, live && live->next ? live->next->path : NULL, error) < 0)
		return report_error(error);
	if (is_changed)
		hook_prune(options, link, held_fd);
	return ATOMICDIR_OK;
}

/* The check looks at what would be live; it is that one, then, whatever was published meanwhile. */
static int check(const struct options *options, const char *link, int64_t *generation, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *target = NULL;
	struct atomicdir_options dry = options->library;
	int is_changed;

	if (!options->check)
		return 0;
	dry.dry_run = 1;
	is_changed = atomicdir_rollback(link, *generation, &dry, &target, error);
	if (is_changed <= 0)
		return is_changed;
	*generation = target->number;
	return check_run(options, link, target->path, error);
}

int command_rollback(const struct options *options)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	cleanup_free char *link = NULL;
	cleanup_fd int held_fd = -1;
	struct atomicdir_error error;
	int64_t generation = -1;
	int is_changed;

	error_clear(&error);
	if (options->operand_count < 1 || options->operand_count > 2 || options->command)
		error_set(&error, ATOMICDIR_USAGE, NULL, "rollback needs LINK [GENERATION]");
	else if (options->operand_count > 1)
		parse_generation(options->operands[1], &generation, &error);
	if (error.kind)
		return report_error(&error);
	link = absolute_link(options->operands[0]);
	if (check(options, link, &generation, &error) < 0)
		return report_error(&error);
	held_fd = hook_hold(options, link);
	is_changed = atomicdir_rollback(link, generation, &options->library, &live, &error);
	return is_changed < 0 ? report_error(&error) : finish(options, link, is_changed, live, &held_fd, &error);
}

int command_adopt(const struct options *options)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	cleanup_free char *link = NULL;
	struct atomicdir_error error, ignored;
	int is_changed, held_fd = -1;

	error_clear(&error);
	if (options->operand_count != 1 || options->command) {
		error_set(&error, ATOMICDIR_USAGE, NULL, "adopt needs one LINK");
		return report_error(&error);
	}
	link = absolute_link(options->operands[0]);
	/* What is ours already has been checked. */
	if (atomicdir_show(link, NULL, NULL) < 0 && check_run(options, link, link, &error) < 0)
		return report_error(&error);
	is_changed = atomicdir_adopt(link, &options->library, &error);
	if (is_changed < 0)
		return report_error(&error);
	atomicdir_show(link, &live, &ignored);
	return finish(options, link, is_changed, live, &held_fd, &error);
}
