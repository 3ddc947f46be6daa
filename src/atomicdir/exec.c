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
#include "process/process.h"

/* COMMAND inherits the pin: it lasts as long as COMMAND and all that it starts. */
static int enter(const char *link, int fd, int64_t generation, struct environment *environment, struct atomicdir_error *error)
{
	cleanup_free char *path = NULL;
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, generation);
	if (fcntl(fd, F_SETFD, 0) < 0 || fchdir(fd) < 0 || !(path = getcwd(NULL, 0)))
		return error_errno(error, link, "cannot enter the live generation");
	environment_inherit(environment, NULL);
	environment_set(environment, "ATOMICDIR_LINK", link);
	environment_set(environment, "ATOMICDIR_LIVE", path);
	environment_set(environment, "ATOMICDIR_GENERATION", number);
	return 0;
}

/* The statuses of env(1): 125 for what is ours, 126 and 127 for what is COMMAND's. */
int command_exec(const struct options *options)
{
	cleanup(environment_clear) struct environment environment = { 0 };
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
	if (fd < 0 || enter(link, fd, generation, &environment, &error) < 0) {
		report_error(&error);
		return 125;
	}
	process_become(options->command, &environment);
	error_errno(&error, options->command[0], "cannot execute");
	report_error(&error);
	return error.errnum == ENOENT ? 127 : 126;
}
