/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "atomicdir/command.h"
#include "atomicdir/dereference.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/progress.h"
#include "command/report.h"
#include "process/run.h"

static void close_stage(struct atomicdir_stage **stage)
{
	atomicdir_free(*stage);
	*stage = NULL;
}

static int environment_fill(struct environment *environment, const char *link, const struct atomicdir_stage *stage,
			    struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *live = NULL;

	/* An empty ATOMICDIR_LIVE says that nothing is live, and must be true. */
	if (atomicdir_show(link, &live, error) < 0 && error->kind != ATOMICDIR_NO_GENERATION)
		return -1;
	error_clear(error);
	environment_inherit(environment, NULL);
	environment_set(environment, "ATOMICDIR_LINK", link);
	environment_set(environment, "ATOMICDIR_STAGE", atomicdir_path(stage));
	environment_set(environment, "ATOMICDIR_LIVE", live ? live->path : "");
	return 0;
}

static int command_run(const struct options *options, const char *link, struct atomicdir_stage *stage,
		       struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	struct launch launch = { .argv = options->command,
				 .environment = &environment,
				 .directory_fd = atomicdir_fd(stage),
				 .output_fd = options->json ? STDERR_FILENO : 0,
				 .death_signal = SIGKILL,
				 .timeout_ms = -1 };

	if (environment_fill(&environment, link, stage, error) < 0)
		return -1;
	return run_to_end(&launch, NULL, RUN_ENDS, error);
}

static int populate(const struct options *options, const char *link, struct atomicdir_stage *stage,
		    const struct progress *progress, struct atomicdir_error *error)
{
	progress_set(progress, PROGRESS_COPYING);
	if (options->from)
		return options->dereference ? copy_following(stage, options->from, error)
					    : atomicdir_copy(stage, ".", options->from, error);
	/* With nothing live there is nothing to start from, and an empty stage is right. */
	if (options->edit && atomicdir_carry(stage, ".", error) < 0 && (!error || error->errnum != ENOENT))
		return -1;
	progress_set(progress, PROGRESS_NONE);
	return command_run(options, link, stage, error);
}

/* What a check changes is part of what is published, so it is sealed again. */
static int seal(const struct options *options, const char *link, struct atomicdir_stage *stage, const struct progress *progress,
		struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_change *changes = NULL;
	int is_different;

	progress_set(progress, PROGRESS_COMPARING);
	is_different = atomicdir_seal(stage, options->verbosity > 0 ? &changes : NULL, error);
	progress_set(progress, PROGRESS_NONE);
	report_verbose_changes(options, changes);
	if (is_different <= 0 || !options->check)
		return is_different;
	report_verbose(options, "running the check: %s", options->check);
	return check_run(options, link, atomicdir_path(stage), error) < 0 ? -1 : atomicdir_seal(stage, NULL, error);
}

/* 1: published, 0: unchanged; the stage, and with it the lock, is gone when it returns. */
static int fill(const struct options *options, const char *link, int *held_fd, const struct progress *progress,
		struct atomicdir_generation **live, struct atomicdir_error *error)
{
	cleanup(close_stage) struct atomicdir_stage *stage = NULL;

	progress_set(progress, PROGRESS_WAITING);
	stage = atomicdir_begin(link, &options->library, error);
	if (!stage)
		return -1;
	report_warning(options, error);
	*held_fd = hook_hold(options, link);
	report_verbose(options, "filling %s", atomicdir_path(stage));
	if (populate(options, link, stage, progress, error) < 0) {
		error_append(error, "nothing was published, and LINK is as it was");
		return -1;
	}
	if (seal(options, link, stage, progress, error) < 0)
		return -1;
	progress_set(progress, PROGRESS_PUBLISHING);
	return atomicdir_commit(stage, live, error);
}

static int publish(const struct options *options, const char *link, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	cleanup(progress_end) struct progress progress;
	cleanup_fd int held_fd = -1;
	int is_changed;

	progress_start(&progress, options);
	is_changed = fill(options, link, &held_fd, &progress, &live, error);
	progress_end(&progress);
	if (is_changed < 0)
		return -1;
	report_warning(options, error);
	report_result(options, link, is_changed, live, options->command ? stderr : stdout);
	if (hook_run(options, link, live, live && live->next ? live->next->path : NULL, error) < 0)
		return -1;
	if (is_changed)
		hook_prune(options, link, &held_fd);
	return 0;
}

int command_fill(const struct options *options)
{
	cleanup_free char *link = NULL;
	struct atomicdir_error error;

	error_clear(&error);
	if (options->operand_count != 1)
		error_set(&error, ATOMICDIR_USAGE, NULL, "fill needs one LINK");
	else if (!options->from == !options->command || (options->command && !options->command[0]))
		error_set(&error, ATOMICDIR_USAGE, NULL, "fill needs either -- COMMAND or --from DIR");
	else if (options->edit && options->from)
		error_set(&error, ATOMICDIR_USAGE, NULL, "--edit goes with a COMMAND, not with --from");
	else if (options->dereference && !options->from)
		error_set(&error, ATOMICDIR_USAGE, NULL, "--dereference goes with --from");
	if (error.kind)
		return report_error(&error);
	link = absolute_link(options->operands[0]);
	if (publish(options, link ? link : options->operands[0], &error) < 0)
		return report_error(&error);
	return ATOMICDIR_OK;
}
