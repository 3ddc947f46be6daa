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
#include "command/report.h"

/* The statuses of env(1): 125 for what is ours, 126 and 127 for what is COMMAND's. */
int command_exec(const struct options *options)
{
	struct atomicdir_error error;
	cleanup_free char *link = NULL;
	char number[32];
	int64_t generation = 0;
	int fd;

	if (options->operand_count != 1 || !options->command || !options->command[0]) {
		error_set(&error, ATOMICDIR_USAGE, NULL, "exec needs LINK -- COMMAND");
		report_error(&error);
		return 125;
	}
	link = absolute_link(options->operands[0]);
	fd = atomicdir_pin(link, &generation, &error);
	/* COMMAND inherits the pin: it lasts as long as COMMAND and all that it starts. */
	if (fd < 0 || fcntl(fd, F_SETFD, 0) < 0 || fchdir(fd) < 0) {
		if (fd >= 0)
			error_errno(&error, link, "cannot enter the live generation");
		report_error(&error);
		return 125;
	}
	snprintf(number, sizeof(number), "%" PRId64, generation);
	setenv("ATOMICDIR_LINK", link, 1);
	setenv("ATOMICDIR_GENERATION", number, 1);
	execvp(options->command[0], options->command);
	error_errno(&error, options->command[0], "cannot execute");
	report_error(&error);
	return error.errnum == ENOENT ? 127 : 126;
}
