/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "atomicdir/command.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/link.h"
#include "command/process.h"
#include "command/report.h"

/* COMMAND inherits the descriptor that pins the generation, so the pin lasts as long as COMMAND and all that it starts. */
static int exec_prepare(const char *link, int fd, int64_t generation, struct atomicdir_error *error)
{
	cleanup_free char *path = NULL;
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, generation);
	if (fcntl(fd, F_SETFD, 0) < 0 || fchdir(fd) < 0 || !(path = getcwd(NULL, 0)) || setenv("ATOMICDIR_LINK", link, 1) < 0 ||
	    setenv("ATOMICDIR_LIVE", path, 1) < 0 || setenv("ATOMICDIR_GENERATION", number, 1) < 0)
		return error_errno(error, link, "cannot enter the live generation");
	return 0;
}

/* Statuses as env(1) has them: 125 where atomicdir fails, 126 and 127 where COMMAND cannot be run. */
int command_exec(const struct options *options)
{
	struct atomicdir_error error;
	cleanup_free char *link = link_absolute(options->operands[0], &error);
	int64_t generation = 0;
	cleanup_fd int fd = link ? atomicdir_pin(link, &generation, &error) : -1;

	if (fd < 0 || exec_prepare(link, fd, generation, &error) < 0) {
		report_error(&error);
		return 125;
	}
	process_restore();
	execvp(options->command[0], options->command);
	error_errno(&error, options->command[0], "cannot execute");
	report_error(&error);
	return error.errnum == ENOENT ? 127 : 126;
}
