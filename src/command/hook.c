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
#include "command/link.h"
#include "command/process.h"

static int run_shell(const struct options *options, const char *command, int directory_fd, bool is_waited_for,
		     struct atomicdir_error *error)
{
	char *copy = strdup(command);
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, copy, NULL };
	struct process process = { .argv = argv,
				   .directory_fd = directory_fd,
				   .is_hook = true,
				   .is_waited_for = is_waited_for,
				   .timeout_ms = options->hook_timeout_ms };
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
	if (setenv("ATOMICDIR_LINK", link, 1) < 0 || setenv("ATOMICDIR_STAGE", path, 1) < 0)
		return error_errno(error, path, "cannot start the check");
	if (run_shell(options, options->check, fd, false, error) == 0)
		return 0;
	/* That it could not begin, or was not let end, is no answer. */
	if (!error->errnum) {
		error->kind = ATOMICDIR_REJECTED;
		error_prefix(error, "the check rejected it");
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
	/* What should have been live was, until we published. */
	library.if_generation = -1;
	atomicdir_prune(link, &library, NULL, NULL);
}

/* It is published: what fails from here on is the hook. */
static int blame(const char *number, const char *what, struct atomicdir_error *error)
{
	error->kind = ATOMICDIR_HOOK_FAILED;
	error_prefix(error, "%s", what);
	error_append(error, "generation %s is live; the next call runs the command again", number);
	return -1;
}

/* The right to run it: 1, and it is held as long as *mark_fd and *pin_fd. 0: somebody else runs it just now, or did, or another
 * generation is live already, and then it is theirs. */
static int claim(const char *link, const char *mark, const struct atomicdir_generation *live, int *mark_fd, int *pin_fd,
		 struct atomicdir_error *error)
{
	struct stat status;
	int64_t pinned = 0;

	/* O_NONBLOCK: a FIFO, which we did not make, would keep us waiting. */
	*mark_fd = open(mark, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*mark_fd < 0)
		return errno == ENOENT ? 0 : error_errno(error, mark, "cannot open its mark");
	if (flock(*mark_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : error_errno(error, mark, "cannot lock its mark");
	if (fstat(*mark_fd, &status) < 0)
		return error_errno(error, mark, "cannot look at its mark");
	if (!status.st_nlink)
		return 0;
	*pin_fd = atomicdir_pin(link, &pinned, error);
	return *pin_fd < 0 ? -1 : pinned == live->number;
}

/* A generation that is published again while its hook still runs has a fresh mark, for a hook of its own. */
static bool is_named(const char *path, int fd)
{
	struct stat named, open;

	return lstat(path, &named) == 0 && fstat(fd, &open) == 0 && named.st_dev == open.st_dev && named.st_ino == open.st_ino;
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
		return blame("that was published", "cannot run the on-change command", error);
	}
	if (!live->is_hook_due)
		return 0;
	snprintf(number, sizeof(number), "%" PRId64, live->number);
	claimed = asprintf(&mark, "%s.hook", live->path) < 0 ? error_errno(error, link, "cannot name its mark")
							     : claim(link, mark, live, &mark_fd, &pin_fd, error);
	if (claimed <= 0)
		return claimed < 0 ? blame(number, "cannot run the on-change command", error) : 0;
	if (setenv("ATOMICDIR_LINK", link, 1) < 0 || setenv("ATOMICDIR_NEW", live->path, 1) < 0 ||
	    setenv("ATOMICDIR_OLD", old ? old : "", 1) < 0 || setenv("ATOMICDIR_GENERATION", number, 1) < 0) {
		error_errno(error, link, "cannot start it");
		return blame(number, "cannot run the on-change command", error);
	}
	if (run_shell(options, options->on_change, -1, true, error) < 0)
		return blame(number, "the on-change command failed", error);
	if (is_named(mark, mark_fd) && atomicdir_hook_done(link, live->number, error) < 0)
		return blame(number, "the on-change command has run", error);
	return 0;
}
