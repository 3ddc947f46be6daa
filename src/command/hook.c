/* SPDX-License-Identifier: ISC */
#include "command/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command/link.h"
#include "command/report.h"
#include "process/run.h"
#include "process/send.h"
#include "process/signals.h"

/* It gets no input and no AWS_ variable. Its output goes to standard error, since a program may read our standard output. */
static int shell_run_as(const struct options *options, const char *command, const char *name, struct launch *launch,
			enum run_signals signals, struct atomicdir_error *error)
{
	cleanup_free char *copy = strdup(command);
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, copy, NULL };

	if (!copy)
		return error_system(error, errno, name, "cannot start");
	launch->argv = argv;
	launch->input_fd = CHILD_NULL;
	launch->output_fd = STDERR_FILENO;
	launch->group = CHILD_GROUP_SESSION; /* without a terminal a prompt fails at once, and cannot stop the hook */
	launch->death_signal = SIGTERM;
	launch->timeout_ms = options->hook_timeout_ms;
	return run_to_end(launch, name, signals, error);
}

static int shell_run(const struct options *options, const char *command, struct launch *launch, enum run_signals signals,
		     struct atomicdir_error *error)
{
	return shell_run_as(options, command, command, launch, signals, error);
}

static void shell_inherit(struct environment *environment, const char *link)
{
	environment_inherit(environment, NULL);
	environment_remove(environment, "AWS_*");
	environment_set(environment, "ATOMICDIR_LINK", link);
}

int check_run(const struct options *options, const char *link, const char *path, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	cleanup_fd int fd = -1;
	struct launch launch = { .environment = &environment };

	if (!options->check)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_system(error, errno, path, "cannot open the directory to check");
	launch.directory_fd = fd;
	shell_inherit(&environment, link);
	environment_set(&environment, "ATOMICDIR_STAGE", path);
	if (shell_run(options, options->check, &launch, RUN_ENDS, error) == 0)
		return 0;
	/* A check that could not start, or was interrupted, has rejected nothing. */
	if (!error->errnum) {
		error->kind = ATOMICDIR_REJECTED;
		error_prefix(error, "rejected by the check");
	}
	return link_unchanged(options->operands[0], error);
}

/* The umask is set by the shell, so that it is only that of the command. */
int transform_run_command(const struct options *options, const char *command, unsigned umask, const char *link,
			  const char *stage, const char *live, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	cleanup_fd int fd = open(stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct launch launch = { .environment = &environment, .directory_fd = fd };
	cleanup_free char *text = NULL;

	if (fd < 0)
		return error_errno(error, stage, "cannot open");
	if (asprintf(&text, "umask %04o; %s", umask, command) < 0)
		return error_errno(error, command, "cannot start");
	shell_inherit(&environment, link);
	environment_set(&environment, "ATOMICDIR_STAGE", stage);
	environment_set(&environment, "ATOMICDIR_LIVE", live);
	return shell_run_as(options, text, command, &launch, RUN_ENDS, error);
}

/* The generation is published, so only the hook has failed. */
static int hook_blame(const struct options *options, const char *before, const char *after, struct atomicdir_error *error)
{
	error->kind = ATOMICDIR_HOOK_FAILED;
	return error_prefix(error, "%s%s%s", before, options->signal ? "the signal after a change" : "the on-change command",
			    after);
}

/* 1: LINK names the generation still. */
static int hook_is_for_live(const char *link, const struct atomicdir_generation *live, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *now = NULL;

	if (atomicdir_show(link, &now, error) == 0)
		return now->number == live->number;
	if (error->kind != ATOMICDIR_NO_GENERATION)
		return -1;
	error_clear(error);
	return 0;
}

/* 1: we may run the hook as long as *mark_fd is open, and the generation stays as long. 0: another process runs it or has run
 * it, or another generation is live by now, whose publisher runs its own. */
static int hook_claim(const char *link, const char *mark, const struct atomicdir_generation *live, int *mark_fd,
		      struct atomicdir_error *error)
{
	struct stat status;

	/* O_NONBLOCK: somebody may have put a FIFO there, and opening that waits. */
	*mark_fd = open(mark, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*mark_fd < 0)
		return errno == ENOENT ? 0 : error_system(error, errno, mark, "cannot open the mark of its hook");
	if (flock(*mark_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : error_system(error, errno, mark, "cannot lock the mark of its hook");
	if (fstat(*mark_fd, &status) < 0)
		return error_system(error, errno, mark, "cannot examine the mark of its hook");
	return status.st_nlink ? hook_is_for_live(link, live, error) : 0;
}

/* What was live before is kept while the hook is due. Once another generation is live only this pin keeps it for a hook that
 * runs still, so it is taken before the last look at LINK. */
static int hook_pin_old(const char *old)
{
	int fd = old ? open(old, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		flock(fd, LOCK_SH | LOCK_NB);
	return fd;
}

/* Is this file still the mark? A generation that is published again while its hook runs gets a fresh one, for another run. */
static bool mark_is_named(const char *path, int fd)
{
	struct stat named, open;

	return lstat(path, &named) == 0 && fstat(fd, &open) == 0 && named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

/* A signal does not end it: what a hook does should not be left half done. */
static int hook_run_command(const struct options *options, const char *link, const struct atomicdir_generation *live,
			    const char *old, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	struct launch launch = { .environment = &environment };
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, live->number);
	shell_inherit(&environment, link);
	environment_set(&environment, "ATOMICDIR_NEW", live->path);
	environment_set(&environment, "ATOMICDIR_OLD", old ? old : "");
	environment_set(&environment, "ATOMICDIR_GENERATION", number);
	launch.after_signal_ms = options->hook_after_signal_ms;
	return shell_run(options, options->on_change, &launch, RUN_GOES_ON, error);
}

static int hook_send_signal(const struct options *options, struct atomicdir_error *error)
{
	return options->pidfile ? send_to_pidfile(options->pidfile, options->signal, error)
				: send_to_program(options->process, options->signal, error);
}

static int hook_call(const struct options *options, const char *link, const struct atomicdir_generation *live, const char *old,
		     struct atomicdir_error *error)
{
	return options->signal ? hook_send_signal(options, error) : hook_run_command(options, link, live, old, error);
}

/* The path of its mark, on the heap. It is not beside the files that readers see, where these are in LINK itself. */
static char *hook_mark(const char *link, int64_t number, struct atomicdir_error *error)
{
	cleanup_free char *store = atomicdir_store(link, error);
	char *mark;

	if (store && asprintf(&mark, "%s/%06" PRId64 ".hook", store, number) >= 0)
		return mark;
	if (store)
		error_system(error, errno, link, "cannot open the mark of its hook");
	return NULL;
}

/* 1: the hook was run and succeeded; 0: there was none to run; -1: HOOK_FAILED. */
static int hook_run_once(const struct options *options, const char *link, const struct atomicdir_generation *live,
			 const char *old, struct atomicdir_error *error)
{
	cleanup_free char *mark = NULL;
	cleanup_fd int mark_fd = -1, old_fd = -1;
	int claimed;

	if (!options_have_hook(options))
		return 0;
	if (!live) {
		error_set(error, ATOMICDIR_HOOK_FAILED, link, "cannot find out which generation is live");
		return hook_blame(options, "cannot run ", "", error);
	}
	if (!live->is_hook_due)
		return 0;
	old_fd = hook_pin_old(old);
	mark = hook_mark(link, live->number, error);
	claimed = mark ? hook_claim(link, mark, live, &mark_fd, error) : -1;
	if (claimed < 0)
		return hook_blame(options, "cannot run ", "", error);
	if (!claimed)
		return 0;
	if (hook_call(options, link, live, old, error) < 0)
		return hook_blame(options, "", " failed", error);
	if (mark_is_named(mark, mark_fd) && atomicdir_hook_done(link, live->number, error) < 0)
		return hook_blame(options, "", " has succeeded, but this cannot be recorded", error);
	return 1;
}

/* Removes what was kept only while the hook was due. */
static void hook_prune(const struct options *options, const char *link)
{
	struct atomicdir_options library = options->library;
	struct atomicdir_error error;

	/* --if-generation named the generation that was live before this publication. */
	library.if_generation = -1;
	error_clear(&error);
	/* A failure here is only a warning, since the hook has succeeded. */
	if (atomicdir_prune(link, &library, NULL, &error) < 0)
		error.kind = ATOMICDIR_OK;
	report_warning(options, &error);
}

static const char *hook_old(const struct atomicdir_generation *live)
{
	return live && live->next ? live->next->path : NULL;
}

/* Who makes good for a hook that failed. A call without a hook leaves it due. */
static const char *hook_next(const struct options *options)
{
	if (options->is_repeated)
		return options->signal ? "the next round sends it again" : "the next round runs it again";
	return options->signal ? "the next call with --signal sends its own" : "the next call with --on-change runs its own";
}

/* Reads which generation is live now: the hook itself may have rolled back. */
static void hook_tell_live(const struct options *options, const char *link, const struct atomicdir_generation *published,
			   struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *now = NULL;
	struct atomicdir_error ignored;

	if (atomicdir_show(link, &now, &ignored) < 0)
		error_append(error, "%s", hook_next(options));
	else if (!published || now->number == published->number)
		error_append(error, "generation %" PRId64 " is live; %s", now->number, hook_next(options));
	else
		error_append(error, "generation %" PRId64 " is live now instead of %" PRId64, now->number, published->number);
}

int hook_run(const struct options *options, const char *link, const struct atomicdir_generation *live,
	     struct atomicdir_error *error)
{
	int result = hook_run_once(options, link, live, hook_old(live), error);

	if (result > 0)
		hook_prune(options, link);
	if (result >= 0)
		return 0;
	hook_tell_live(options, link, live, error);
	return -1;
}

enum hook_end {
	HOOK_WELL,   /* it succeeded, or there was none to run */
	HOOK_UNDONE, /* it failed, and what was live before is live again. The error is REJECTED */
	HOOK_FAILED  /* it failed, and the publication could not be undone. The error is HOOK_FAILED */
};

/* After a commit with ATOMICDIR_HOOK_LOCKED, which is undone where the hook fails: then *live becomes what is live again,
 * whose own hook is to be run once the lock is released; NULL where that may not survive a power cut. Removes nothing. */
static enum hook_end hook_run_locked(const struct options *options, const char *link, struct atomicdir_stage *stage,
				     struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct atomicdir_generation *before = NULL;
	struct atomicdir_error why;

	if (hook_run_once(options, link, *live, hook_old(*live), error) >= 0)
		return HOOK_WELL;
	if (atomicdir_undo(stage, &before, &why) < 0 && why.kind != ATOMICDIR_NOT_DURABLE) {
		error_append(error, "%s", why.text);
		return HOOK_FAILED;
	}
	free(*live);
	*live = before;
	error->kind = ATOMICDIR_REJECTED;
	error_append(error, "what was live before it is live again");
	if (why.kind == ATOMICDIR_NOT_DURABLE)
		error_append(error, "%s", why.text);
	report_warning(options, &why);
	return HOOK_UNDONE;
}

void hook_set_options(const struct options *options, struct atomicdir_options *library)
{
	library->leave_old = 1;
	if (options->rollback_on_failure)
		library->hook = ATOMICDIR_HOOK_LOCKED;
}

/* What was published is told already, so a signal that comes now ends nothing, as one that comes after the swap. */
static void hook_end_stage(const struct options *options, struct atomicdir_stage **stage)
{
	struct atomicdir_error error;
	sigset_t before;

	signals_put_off(&before);
	atomicdir_finish(*stage, &error);
	signals_take_up(&before);
	report_warning(options, &error);
	atomicdir_free(*stage);
	*stage = NULL;
}

/* Nobody else publishes before the hook has ended. */
static int hook_finish_locked(const struct options *options, const char *link, struct atomicdir_stage **stage, bool is_changed,
			      struct atomicdir_generation **live, FILE *to, struct atomicdir_error *error)
{
	enum hook_end end = hook_run_locked(options, link, *stage, live, error);
	struct atomicdir_error why;

	if (end == HOOK_UNDONE)
		report_undone(options, link, *live);
	else
		report_result(options, link, is_changed, *live, to);
	hook_end_stage(options, stage);
	if (end != HOOK_UNDONE)
		return end == HOOK_WELL ? 0 : -1;
	/* Whatever becomes of this hook, the publication was undone. */
	error_clear(&why);
	if (*live && hook_run(options, link, *live, &why) < 0)
		error_append(error, "there too %s", why.text);
	return -1;
}

int hook_finish(const struct options *options, const char *link, struct atomicdir_stage **stage, bool is_changed,
		struct atomicdir_generation **live, FILE *to, struct atomicdir_error *error)
{
	if (options->rollback_on_failure)
		return hook_finish_locked(options, link, stage, is_changed, live, to, error);
	report_result(options, link, is_changed, *live, to);
	hook_end_stage(options, stage);
	return hook_run(options, link, *live, error);
}
