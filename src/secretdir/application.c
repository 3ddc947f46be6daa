/* SPDX-License-Identifier: ISC */
#include "secretdir/application.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/report.h"
#include "process/process.h"
#include "secretdir/surroundings.h"

#define RESTART_MS 10000 /* at least so long between two starts */
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_SIGNALLED 128

void application_init(struct application *application, char *const *argv, const struct secret_options *options,
		      struct loop *loop)
{
	*application = (struct application){
		.argv = argv, .options = options, .loop = loop, .terminal = { .fd = -1 }, .restart_ms = -1
	};
}

/* ---- Its start ---- */

/* In the child, so that we never hold the keys that COMMAND may get. Statuses as a shell has them. */
static int application_become(void *context)
{
	const struct application *application = context;
	cleanup(environment_clear) struct environment environment = { 0 };
	struct atomicdir_error error;
	int why;

	environment_inherit(&environment, NULL);
	if (surroundings_give(&environment, application->options->keep_environment) == 0 && child_keep_no_fds() == 0)
		process_become(application->argv, &environment);
	why = errno;
	error_system(&error, why, application->argv[0], "cannot execute");
	report_error(&error);
	return why == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static int application_start(struct application *application, int *status)
{
	struct launch launch = { .run = application_become,
				 .context = application,
				 .group = CHILD_GROUP_OWN,
				 .terminal = &application->terminal,
				 .death_signal = SIGKILL,
				 .timeout_ms = -1,
				 .kill_after_ms = application->options->kill_timeout_ms };
	struct atomicdir_error error;

	terminal_open(&application->terminal);
	if (child_start(&application->child, &launch, &error) < 0) {
		terminal_close(&application->terminal);
		report_error(&error);
		*status = EXIT_NOT_EXECUTABLE;
		return -1;
	}
	loop_add(application->loop, &application->child);
	application->restart_ms = -1;
	return 0;
}

/* ---- Changes ---- */

static bool application_runs(const struct application *application)
{
	return application->child.pid > 0;
}

/* One restart does for all that moved meanwhile, so one that is under way is let be. */
static void application_restart(struct application *application)
{
	if (application->restart_ms >= 0)
		return;
	application->restart_ms = clock_ms() + RESTART_MS;
	child_end(&application->child);
}

int application_update(struct application *application, int64_t generation, int *status)
{
	const struct secret_options *options = application->options;
	bool is_first = !application->told;

	if (!application->argv || !generation || generation == application->told || application->is_ending)
		return 0;
	application->told = generation;
	if (is_first)
		return application_start(application, status);
	if (options->restart)
		application_restart(application);
	else if (options->shared.signal && !options->shared.pidfile && !options->shared.process)
		child_send(&application->child, options->shared.signal);
	return 0;
}

int application_restart_due(struct application *application, int *status)
{
	if (application->restart_ms < 0 || application_runs(application) || application->is_ending ||
	    clock_ms() < application->restart_ms)
		return 0;
	return application_start(application, status);
}

/* ---- Its end ---- */

static int application_status(const struct child *child)
{
	return WIFEXITED(child->status) ? WEXITSTATUS(child->status) : EXIT_SIGNALLED + WTERMSIG(child->status);
}

bool application_take_end(struct application *application, const struct child *child, int *status)
{
	if (child != &application->child)
		return false;
	terminal_close(&application->terminal);
	*status = application->restart_ms >= 0 && !application->is_ending ? -1 : application_status(child);
	return true;
}

void application_send(const struct application *application, int signal)
{
	if (application_runs(application))
		child_send(&application->child, signal);
}

void application_end(struct application *application)
{
	application->is_ending = true;
	if (application_runs(application))
		child_end(&application->child);
}

void application_close(struct application *application)
{
	terminal_close(&application->terminal);
}
