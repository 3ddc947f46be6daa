/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomicdir/command.h"
#include "atomicdir/dereference.h"
#include "atomicdir/options.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/libc.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/progress.h"
#include "command/report.h"
#include "command/waiting.h"
#include "process/run.h"
#include "process/signals.h"
#include "process/terminal.h"

static void stage_close(struct atomicdir_stage **stage)
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

/* COMMAND runs in the stage's directory, which the library makes no sooner than it is asked for. */
static int fill_open_stage(const struct options *options, const struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	if (atomicdir_fd(stage) < 0)
		return error_errno(error, options->operands[0], "cannot make the new directory of");
	report_verbose(options, "filling %s", atomicdir_path(stage));
	return 0;
}

/* Who gives the path of a script in the working directory is told that COMMAND does not start there. */
static void fill_explain_command(const char *name, struct atomicdir_error *error)
{
	if (error->errnum == ENOENT && *name != '/' && strchr(name, '/'))
		error_append(error, "COMMAND runs in the new directory: give its absolute path");
}

static int fill_run_command(const struct options *options, const char *link, struct atomicdir_stage *stage,
			    struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	struct launch launch = { .argv = options->command,
				 .environment = &environment,
				 .directory_fd = atomicdir_fd(stage),
				 .output_fd = options->json ? STDERR_FILENO : 0,
				 .group = CHILD_GROUP_OWN, /* what it starts ends with it */
				 .death_signal = SIGKILL,
				 .timeout_ms = -1 };
	struct terminal terminal;
	int done;

	if (environment_fill(&environment, link, stage, error) < 0)
		return -1;
	terminal_open(&terminal);
	launch.terminal = &terminal;
	done = run_to_end(&launch, NULL, RUN_ENDS, error);
	terminal_close(&terminal);
	if (done < 0)
		fill_explain_command(options->command[0], error);
	return done;
}

/* Where nothing is live, editing starts from an empty stage. */
static int fill_carry(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	if (atomicdir_carry(stage, ".", error) == 0 || error->errnum == ENOENT)
		return 0;
	if (error->errnum == EACCES)
		error_append(error, "--edit must be able to read the whole live generation");
	return -1;
}

/* Something is to be copied, so the stage's directory may be made now. If that fails the copy says why. */
static void fill_show_copying(const struct atomicdir_stage *stage, const struct progress *progress)
{
	const char *directory = atomicdir_path(stage);

	progress_set_filling(progress, PROGRESS_COPYING, directory ? directory : "");
}

/* Nothing is copied before DIR is known to differ from what is live. */
static int fill_copy(const struct fill_options *own, struct atomicdir_stage *stage, const struct progress *progress,
		     struct atomicdir_error *error)
{
	int is_same;

	progress_set(progress, PROGRESS_COMPARING);
	is_same = atomicdir_matches(stage, own->from, error);
	if (is_same)
		return is_same < 0 ? -1 : 0;
	fill_show_copying(stage, progress);
	return atomicdir_copy(stage, ".", own->from, error);
}

static int fill_populate(const struct options *options, const char *link, struct atomicdir_stage *stage,
			 const struct progress *progress, struct atomicdir_error *error)
{
	const struct fill_options *own = fill_options_of(options);

	if (own->note && atomicdir_note(stage, own->note, strlen(own->note), error) < 0)
		return -1;
	if (!own->from && fill_open_stage(options, stage, error) < 0)
		return -1;
	if (own->dereference || own->edit)
		fill_show_copying(stage, progress);
	if (own->dereference)
		return dereference_copy(stage, own->from, error);
	if (own->from)
		return fill_copy(own, stage, progress, error);
	if (own->edit && fill_carry(stage, error) < 0)
		return -1;
	progress_set(progress, PROGRESS_NONE);
	return fill_run_command(options, link, stage, error);
}

/* A check may change the stage, so the stage is sealed once more after it. *changes (NULL: nobody asks): what differs then. */
static int fill_seal(const struct options *options, const char *link, struct atomicdir_stage *stage,
		     const struct progress *progress, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	int is_different;

	progress_set(progress, PROGRESS_COMPARING);
	is_different = atomicdir_seal(stage, changes, error);
	progress_set(progress, PROGRESS_NONE);
	if (is_different <= 0 || !options->check)
		return is_different;
	report_verbose(options, "running the check: %s", options->check);
	if (check_run(options, link, atomicdir_path(stage), error) < 0)
		return -1;
	if (changes) {
		free(*changes);
		*changes = NULL;
	}
	return atomicdir_seal(stage, changes, error);
}

/* Where nothing else says which mode the top directory gets: DIR's, or 0755, from which the umask may take what is others', never
 * what is the owner's. */
static mode_t fill_top_mode(const struct fill_options *own)
{
	mode_t mask = umask(0);
	struct stat from;

	umask(mask);
	if (own->dereference && stat(own->from, &from) == 0)
		return from.st_mode & 07777;
	return 0700 | (0055 & ~mask);
}

struct fill_begin {
	const char *link;
	struct atomicdir_stage **stage;
};

static int fill_begin(const struct atomicdir_options *library, void *context, struct atomicdir_error *error)
{
	const struct fill_begin *begin = context;

	*begin->stage = atomicdir_begin(begin->link, library, error);
	return *begin->stage ? 0 : -1;
}

/* 1: published, 0: unchanged. */
static int fill_and_commit(const struct options *options, const char *link, struct atomicdir_stage *stage,
			   const struct progress *progress, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_change *changes = NULL;
	bool wants_changes = options->library.dry_run || options->verbosity > 0;
	int is_different;

	if (fill_populate(options, link, stage, progress, error) < 0)
		return link_unchanged(options->operands[0], error);
	is_different = fill_seal(options, link, stage, progress, wants_changes ? &changes : NULL, error);
	if (is_different >= 0 && options->library.dry_run)
		report_would_publish(options, is_different, changes, options->command ? stderr : stdout);
	if (is_different < 0 || options->library.dry_run)
		return is_different;
	report_verbose_changes(options, changes);
	progress_set(progress, PROGRESS_PUBLISHING);
	return atomicdir_commit(stage, live, error);
}

static void fill_interrupt(void *stage)
{
	atomicdir_interrupt(stage);
}

/* 1: published, 0: unchanged; the stage is to be closed. A signal ends it until LINK is swapped. */
static int fill_stage(const struct options *options, const char *link, struct atomicdir_stage **stage,
		      const struct progress *progress, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	const struct fill_options *own = fill_options_of(options);
	struct atomicdir_options library = options->library;
	struct fill_begin begin = { options->operands[0], stage };
	int is_changed, signal;

	library.top_mode_default = fill_top_mode(own);
	hook_set_options(options, &library);
	progress_set(progress, PROGRESS_WAITING);
	if (waiting_call(options, &library, fill_begin, &begin, error) < 0)
		return -1;
	report_warning(options, error);
	signals_tell(fill_interrupt, *stage);
	is_changed = fill_and_commit(options, link, *stage, progress, live, error);
	signal = signals_told();
	if (is_changed >= 0 || !signal || error->kind != ATOMICDIR_FAILED || error->errnum != EINTR)
		return is_changed;
	error_set(error, ATOMICDIR_FAILED, NULL, "terminated by SIG%s", sigabbrev_np(signal));
	return link_unchanged(options->operands[0], error);
}

/* Where the disk was full for COMMAND the end of the stage makes room, so that the next call may succeed. */
static int fill_end_failed(const char *link, struct atomicdir_stage **stage, struct atomicdir_error *error)
{
	int before = *stage ? atomicdir_list(link, NULL, NULL) : 0, after;

	stage_close(stage);
	after = before > 0 ? atomicdir_list(link, NULL, NULL) : before;
	if (after >= 0 && after < before)
		error_append(error, "the disk is full, and old generations were removed to make room; run it again");
	else if (after > 1 && (error->errnum == ENOSPC || error->errnum == EDQUOT))
		error_append(error, "'atomicdir prune --keep 0 %s' removes %d older generation%s", link, after - 1,
			     after > 2 ? "s" : "");
	return -1;
}

static int fill_publish(const struct options *options, const char *link, struct atomicdir_error *error)
{
	cleanup(stage_close) struct atomicdir_stage *stage = NULL;
	cleanup_free struct atomicdir_generation *live = NULL;
	cleanup(progress_end) struct progress progress;
	int is_changed;

	progress_start(&progress, options);
	is_changed = fill_stage(options, link, &stage, &progress, &live, error);
	progress_end(&progress);
	if (is_changed < 0)
		return fill_end_failed(link, &stage, error);
	report_warning(options, error);
	if (options->library.dry_run)
		return 0;
	return hook_finish(options, link, &stage, is_changed, &live, options->command ? stderr : stdout, error);
}

static int fill_check_options(const struct options *options, struct atomicdir_error *error)
{
	const struct fill_options *own = fill_options_of(options);

	if (own->from && options->command)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--from DIR and -- COMMAND cannot be used together");
	if (!own->from && !(options->command && options->command[0]))
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
