/* SPDX-License-Identifier: ISC */
#include "command/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command/process.h"

static int run_shell(const struct options *options, const char *command, int directory_fd, bool is_waited_for,
		     struct atomicdir_error *error)
{
	char *copy = strdup(command);
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, copy, NULL };
	struct process process = { .argv = argv, .directory_fd = directory_fd, .is_hook = true,
				   .is_waited_for = is_waited_for, .timeout_ms = options->hook_timeout_ms };
	int result = copy ? process_run(&process, error) : error_errno(error, NULL, "cannot start a process");

	free(copy);
	return result;
}

int check_run(const struct options *options, const char *link, const char *path, struct atomicdir_error *error)
{
	cleanup_fd int fd = -1;

	if (!options->check)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(error, path, "cannot open what is to be checked");
	setenv("ATOMICDIR_LINK", link, 1);
	setenv("ATOMICDIR_STAGE", path, 1);
	if (run_shell(options, options->check, fd, false, error) == 0)
		return 0;
	/* That it was not let end is no answer. */
	if (error->errnum != EINTR) {
		error->kind = ATOMICDIR_REJECTED;
		error_prefix(error, "the check rejected it");
	}
	error_append(error, "LINK is as it was");
	return -1;
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
	/* What should have been live was, until we published. */
	library.if_generation = -1;
	atomicdir_prune(link, &library, NULL, NULL);
}

int hook_run(const struct options *options, const char *link, const struct atomicdir_generation *live, const char *old,
	     struct atomicdir_error *error)
{
	cleanup_free char *mark = NULL;
	cleanup_fd int mark_fd = -1, pin_fd = -1;
	char number[32];
	struct stat status;
	int64_t pinned = 0;

	if (!options->on_change || !live || !live->is_hook_due)
		return 0;
	if (asprintf(&mark, "%s.hook", live->path) < 0)
		return error_errno(error, link, "cannot run the on-change command");
	mark_fd = open(mark, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	/* Somebody else runs it just now, or did, or another generation is live already: then it is theirs. */
	if (mark_fd < 0 || flock(mark_fd, LOCK_EX | LOCK_NB) < 0 || fstat(mark_fd, &status) < 0 || !status.st_nlink)
		return 0;
	pin_fd = atomicdir_pin(link, &pinned, NULL);
	if (pin_fd < 0 || pinned != live->number)
		return 0;
	snprintf(number, sizeof(number), "%" PRId64, live->number);
	setenv("ATOMICDIR_LINK", link, 1);
	setenv("ATOMICDIR_NEW", live->path, 1);
	setenv("ATOMICDIR_OLD", old ? old : "", 1);
	setenv("ATOMICDIR_GENERATION", number, 1);
	if (run_shell(options, options->on_change, -1, true, error) == 0)
		return atomicdir_hook_done(link, live->number, error);
	error->kind = ATOMICDIR_HOOK;
	error_prefix(error, "the on-change command failed");
	error_append(error, "generation %s is live; the next call runs the command again", number);
	return -1;
}
