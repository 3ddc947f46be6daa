/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "atomicdir/command.h"
#include "atomicdir/dereference.h"
#include "atomicdir/options.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/process.h"
#include "command/progress.h"
#include "command/report.h"

static void close_stage(struct atomicdir_stage **stage)
{
	atomicdir_free(*stage);
	*stage = NULL;
}

static int set_environment(const char *link, const struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *live = NULL;

	/* An empty ATOMICDIR_LIVE says that nothing is live, and must be true. */
	if (atomicdir_show(link, &live, error) < 0 && error->kind != ATOMICDIR_NO_GENERATION)
		return -1;
	error_clear(error);
	if (setenv("ATOMICDIR_LINK", link, 1) < 0 || setenv("ATOMICDIR_STAGE", atomicdir_path(stage), 1) < 0 ||
	    setenv("ATOMICDIR_LIVE", live ? live->path : "", 1) < 0)
		return error_errno(error, link, "cannot begin");
	return 0;
}

static int fill_populate(const struct options *options, struct atomicdir_stage *stage, const struct progress *progress,
			 struct atomicdir_error *error)
{
	struct process process = { .argv = options->command,
				   .directory_fd = atomicdir_fd(stage),
				   .output_to_error = options->json,
				   .timeout_ms = -1 };
	const struct fill_options *own = fill_options_of(options);

	progress_set(progress, PROGRESS_COPYING);
	if (own->dereference)
		return dereference_copy(stage, own->from, error);
	if (own->from)
		return atomicdir_copy(stage, ".", own->from, error);
	/* Where nothing is live, editing starts from an empty stage. */
	if (own->edit && atomicdir_carry(stage, ".", error) < 0 && error->errnum != ENOENT)
		return -1;
	progress_set(progress, PROGRESS_NONE);
	return process_run(&process, error);
}

/* A check may change the stage, so the stage is sealed once more after it. */
static int fill_seal(const struct options *options, const char *link, struct atomicdir_stage *stage,
		     const struct progress *progress, struct atomicdir_error *error)
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

/* 1: published, 0: unchanged. The stage, and with it the lock, is gone when it returns. */
static int fill_stage(const struct options *options, const char *link, int *held_fd, const struct progress *progress,
		      struct atomicdir_generation **live, struct atomicdir_error *error)
{
	cleanup(close_stage) struct atomicdir_stage *stage = NULL;

	progress_set(progress, PROGRESS_WAITING);
	stage = atomicdir_begin(link, &options->library, error);
	if (!stage)
		return -1;
	report_warning(options, error);
	*held_fd = hook_hold(options, link);
	if (set_environment(link, stage, error) < 0)
		return -1;
	report_verbose(options, "filling %s", atomicdir_path(stage));
	if (fill_populate(options, stage, progress, error) < 0)
		return link_unchanged(options->operands[0], error);
	if (fill_seal(options, link, stage, progress, error) < 0)
		return -1;
	progress_set(progress, PROGRESS_PUBLISHING);
	return atomicdir_commit(stage, live, error);
}

static int fill_publish(const struct options *options, const char *link, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	cleanup(progress_end) struct progress progress;
	cleanup_fd int held_fd = -1;
	int is_changed;

	progress_start(&progress, options);
	is_changed = fill_stage(options, link, &held_fd, &progress, &live, error);
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

static int fill_check_options(const struct options *options, struct atomicdir_error *error)
{
	const struct fill_options *own = fill_options_of(options);

	if (!own->from == !options->command || (options->command && !options->command[0]))
		return error_set(error, ATOMICDIR_USAGE, NULL, "fill needs either -- COMMAND or --from DIR");
	if (own->edit && own->from)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--edit is for -- COMMAND and cannot be used with --from");
	if (own->dereference && !own->from)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--dereference needs --from DIR");
	return 0;
}

int command_fill(const struct options *options)
{
	cleanup_free char *link = NULL;
	struct atomicdir_error error;

	error_clear(&error);
	if (fill_check_options(options, &error) < 0)
		return report_error(&error);
	link = link_absolute(options->operands[0], &error);
	return link && fill_publish(options, link, &error) == 0 ? ATOMICDIR_OK : report_error(&error);
}
