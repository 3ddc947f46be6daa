/* SPDX-License-Identifier: ISC */
#include "command/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command/link.h"
#include "process/run.h"

/* It gets no input and no AWS_ variable. Its output goes to standard error, since a program may read our standard output. */
static int shell_run(const struct options *options, const char *command, struct launch *launch, enum run_signals signals,
		     struct atomicdir_error *error)
{
	cleanup_free char *copy = strdup(command);
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, copy, NULL };

	if (!copy)
		return error_errno(error, command, "cannot start");
	launch->argv = argv;
	launch->input_fd = CHILD_NULL;
	launch->output_fd = STDERR_FILENO;
	launch->group = CHILD_GROUP_OWN;
	launch->death_signal = SIGTERM;
	launch->timeout_ms = options->hook_timeout_ms;
	return run_to_end(launch, command, signals, error);
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
		return error_errno(error, path, "cannot open the directory to check");
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

int hook_hold(const struct options *options, const char *link)
{
	return options->on_change ? atomicdir_pin(link, NULL, NULL) : -1;
}

void hook_prune(const struct options *options, const char *link, int *held_fd)
{
	struct atomicdir_options library = options->library;

	if (*held_fd < 0)
		return;
	close_fd(held_fd);
	/* --if-generation was about what was live before we published. */
	library.if_generation = -1;
	atomicdir_prune(link, &library, NULL, NULL);
}

/* The generation is published, so only the hook has failed. */
static int hook_blame(const char *number, const char *what, struct atomicdir_error *error)
{
	error->kind = ATOMICDIR_HOOK_FAILED;
	error_prefix(error, "%s", what);
	error_append(error, "generation %s is live; the next call runs the command again", number);
	return -1;
}

/* 1: we may run the hook as long as *mark_fd and *pin_fd are open. 0: another process runs it or has run it, or another generation
 * is live by now, whose publisher runs its own. */
static int hook_claim(const char *link, const char *mark, const struct atomicdir_generation *live, int *mark_fd, int *pin_fd,
		      struct atomicdir_error *error)
{
	struct stat status;
	int64_t pinned = 0;

	/* O_NONBLOCK: somebody may have put a FIFO there, and opening that waits. */
	*mark_fd = open(mark, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*mark_fd < 0)
		return errno == ENOENT ? 0 : error_errno(error, mark, "cannot open the mark of its hook");
	if (flock(*mark_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : error_errno(error, mark, "cannot lock the mark of its hook");
	if (fstat(*mark_fd, &status) < 0)
		return error_errno(error, mark, "cannot examine the mark of its hook");
	if (!status.st_nlink)
		return 0;
	*pin_fd = atomicdir_pin(link, &pinned, error);
	return *pin_fd < 0 ? -1 : pinned == live->number;
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
	return shell_run(options, options->on_change, &launch, RUN_GOES_ON, error);
}

int hook_run(const struct options *options, const char *link, const struct atomicdir_generation *live, const char *old,
	     struct atomicdir_error *error)
{
	cleanup_free char *mark = NULL;
	cleanup_fd int mark_fd = -1, pin_fd = -1;
	char number[32];
	int claimed;

	if (!options->on_change)
		return 0;
	if (!live) {
		error_set(error, ATOMICDIR_HOOK_FAILED, link, "cannot tell which generation is live");
		return hook_blame("that was published", "cannot run the on-change command", error);
	}
	if (!live->is_hook_due)
		return 0;
	snprintf(number, sizeof(number), "%" PRId64, live->number);
	claimed = asprintf(&mark, "%s.hook", live->path) < 0 ? error_errno(error, link, "cannot open the mark of its hook")
							     : hook_claim(link, mark, live, &mark_fd, &pin_fd, error);
	if (claimed <= 0)
		return claimed < 0 ? hook_blame(number, "cannot run the on-change command", error) : 0;
	if (hook_run_command(options, link, live, old, error) < 0)
		return hook_blame(number, "the on-change command failed", error);
	if (mark_is_named(mark, mark_fd) && atomicdir_hook_done(link, live->number, error) < 0)
		return hook_blame(number, "the on-change command has run, but this cannot be recorded", error);
	return 0;
}
