/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/interrupt.h"
#include "secretdir/round.h"

/* Replaced secrets have no business on the disk: so what was replaced goes before we do, once its readers had their time. A
 * signal ends the wait, and leaves the rest to the next run. */
static void remove_replaced(const struct round *round, int64_t published_ms)
{
	struct atomicdir_options library = round->library;
	struct atomicdir_error error;

	interrupt_pause(published_ms + round->library.grace_ms + 1);
	error_clear(&error);
	/* What should have been live was, until we published. */
	library.if_generation = -1;
	if (atomicdir_prune(round->link, &library, NULL, &error) < 0)
		error.kind = ATOMICDIR_OK;
	report_warning(round->options, &error);
}

static int publish(struct round *round, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_generation *live = NULL;
	int64_t published_ms;
	int is_changed, result;

	is_changed = atomicdir_commit(round->stage, &live, error);
	published_ms = clock_ms();
	if (is_changed < 0)
		return -1;
	report_warning(round->options, error);
	atomicdir_free(round->stage);
	round->stage = NULL;
	report_result(round->options, round->link, is_changed, live, stdout);
	fflush(stdout);
	if (is_changed)
		round_warn_of_root(round);
	result = hook_run(round->options, round->link, live, live && live->next ? live->next->path : NULL, error);
	close_fd(&round->old_fd);
	if (is_changed && live && live->next)
		remove_replaced(round, published_ms);
	return result;
}

/* The library says so by itself. */
static int report_unpublished(struct atomicdir_error *error)
{
	if (!strstr(error->text, "LINK is"))
		error_append(error, "nothing was published, and LINK is as it was");
	return report_error(error);
}

int command_sync(const struct options *options)
{
	cleanup(round_clear) struct round round;
	cleanup_free struct atomicdir_change *changes = NULL;
	struct atomicdir_error error;
	bool is_verbose = options->verbosity > 0;

	error_clear(&error);
	if (round_init(&round, options, &error) < 0)
		return report_error(&error);
	if (round_fill(&round, &error) < 0 || round_seal(&round, is_verbose ? &changes : NULL, &error) < 0 ||
	    interrupt_check(&error) < 0)
		return report_unpublished(&error);
	report_verbose_changes(options, changes);
	return publish(&round, &error) < 0 ? report_error(&error) : ATOMICDIR_OK;
}
