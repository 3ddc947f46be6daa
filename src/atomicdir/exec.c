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
#include "command/report.h"
#include "process/process.h"

/* COMMAND inherits the descriptor that pins the generation, so the pin lasts as long as COMMAND and all that it starts. */
static int exec_prepare(const char *link, int fd, int64_t generation, struct environment *environment,
			struct atomicdir_error *error)
{
	cleanup_free char *path = NULL;
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, generation);
	if (fcntl(fd, F_SETFD, 0) < 0 || fchdir(fd) < 0 || !(path = getcwd(NULL, 0)))
		return error_system(error, errno, link, "cannot enter the live generation");
	environment_inherit(environment, NULL);
	environment_set(environment, "ATOMICDIR_LINK", link);
	environment_set(environment, "ATOMICDIR_LIVE", path);
	environment_set(environment, "ATOMICDIR_GENERATION", number);
	return 0;
}

/* Statuses as env(1) has them: 125 where atomicdir fails, 126 and 127 where COMMAND cannot be run. */
int command_exec(const struct options *options)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	struct atomicdir_error error;
	cleanup_free char *link = link_absolute(options->operands[0], &error);
	int64_t generation = 0;
	cleanup_fd int fd = link ? atomicdir_pin(link, &generation, &error) : -1;

	if (fd < 0 || exec_prepare(link, fd, generation, &environment, &error) < 0) {
		report_error(&error);
		return 125;
	}
	process_become(options->command, &environment);
	error_system(&error, errno, options->command[0], "cannot execute");
	report_error(&error);
	return error.errnum == ENOENT ? 127 : 126;
}
