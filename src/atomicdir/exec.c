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
#include "command/process.h"
#include "command/report.h"

/* COMMAND inherits the pin: it lasts as long as COMMAND and all that it starts. */
static int enter(const char *link, int fd, int64_t generation, struct atomicdir_error *error)
{
	cleanup_free char *path = NULL;
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, generation);
	if (fcntl(fd, F_SETFD, 0) < 0 || fchdir(fd) < 0 || !(path = getcwd(NULL, 0)) || setenv("ATOMICDIR_LINK", link, 1) < 0 ||
	    setenv("ATOMICDIR_LIVE", path, 1) < 0 || setenv("ATOMICDIR_GENERATION", number, 1) < 0)
		return error_errno(error, link, "cannot enter the live generation");
	return 0;
}

/* The statuses of env(1): 125 for what is ours, 126 and 127 for what is COMMAND's. */
int command_exec(const struct options *options)
{
	cleanup_free char *link = NULL;
	struct atomicdir_error error;
	int64_t generation = 0;
	cleanup_fd int fd = -1;

	if (options->operand_count != 1 || !options->command || !options->command[0]) {
		error_set(&error, ATOMICDIR_USAGE, NULL, "exec needs LINK -- COMMAND");
		report_error(&error);
		return 125;
	}
	link = absolute_link(options->operands[0]);
	fd = atomicdir_pin(link, &generation, &error);
	if (fd < 0 || enter(link, fd, generation, &error) < 0) {
		report_error(&error);
		return 125;
	}
	process_restore();
	execvp(options->command[0], options->command);
	error_errno(&error, options->command[0], "cannot execute");
	report_error(&error);
	return error.errnum == ENOENT ? 127 : 126;
}
