/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "atomicdir/command.h"
#include "atomicdir/options.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/report.h"

/* Sets *since to what is live now. What is not ours yet counts as nothing, as it does for the library. */
static int wait_find_since(const char *link, int64_t *since, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *live = NULL;

	if (atomicdir_show(link, &live, error) < 0 && error->kind != ATOMICDIR_NO_GENERATION && error->errnum != EEXIST)
		return -1;
	*since = live ? live->number : 0;
	return 0;
}

static int wait_report_timeout(const char *link, int64_t since, int64_t timeout_ms, struct atomicdir_error *error)
{
	char time[32];

	clock_show(time, timeout_ms);
	if (since)
		error_object(error, ATOMICDIR_BUSY, link, "has had no other generation than %" PRId64 " for %s", since, time);
	else
		error_object(error, ATOMICDIR_BUSY, link, "has had no live generation for %s", time);
	return report_error(error);
}

/* -v says it before the wait, not after it. */
static void wait_tell_of_polling(const struct options *options, const char *link, int64_t since)
{
	struct atomicdir_error warning;
	cleanup_fd int fd = options->verbosity > 0 ? atomicdir_watch(link, since, &warning) : -1;

	if (fd >= 0 && warning.text[0])
		report_verbose(options, "%s", warning.text);
}

int command_wait(const struct options *options)
{
	const struct fill_options *own = fill_options_of(options);
	const char *link = options->operands[0];
	struct atomicdir_error error;
	int64_t since = own->since, number;

	if (since < 0 && wait_find_since(link, &since, &error) < 0)
		return report_error(&error);
	wait_tell_of_polling(options, link, since);
	number = atomicdir_wait(link, since, own->timeout_ms, &error);
	if (number < 0)
		return report_error(&error);
	if (number == 0)
		return wait_report_timeout(link, since, own->timeout_ms, &error);
	printf("%" PRId64 "\n", number);
	return ATOMICDIR_OK;
}
