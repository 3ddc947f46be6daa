/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/fetcher.h"
#include "secretdir/round.h"

/* Replaced secrets have no business on the disk, so sync removes what it replaced before it ends, once readers have had their time.
 * A signal ends the wait, and the next run removes the rest. */
static void sync_remove_replaced(const struct round *round, int64_t published_ms)
{
	int64_t left_ms = published_ms + round->library.grace_ms - clock_ms() + 1;
	struct timespec time = { left_ms / 1000, left_ms % 1000 * 1000000 };
	struct atomicdir_options library = round->library;
	struct atomicdir_error error;

	if (left_ms > 0)
		nanosleep(&time, NULL);
	error_clear(&error);
	/* It was for the publication: another generation is live now. */
	library.if_generation = -1;
	/* What cannot be removed now is a warning, since the secrets are published. */
	if (atomicdir_prune(round->link, &library, NULL, &error) < 0)
		error.kind = ATOMICDIR_OK;
	report_warning(&round->options->shared, &error);
}

static int sync_publish(struct round *round, struct atomicdir_error *error)
{
	const struct options *shared = &round->options->shared;
	cleanup_free struct atomicdir_generation *live = NULL;
	int is_changed = atomicdir_commit(round->stage, &live, error), result;
	int64_t published_ms = clock_ms();

	if (is_changed < 0)
		return -1;
	report_warning(shared, error);
	atomicdir_free(round->stage);
	round->stage = NULL;
	report_result(shared, round->link, is_changed, live, stdout);
	fflush(stdout);
	if (is_changed)
		round_warn_of_root(round);
	result = hook_run(shared, round->link, live, live && live->next ? live->next->path : NULL, error);
	close_fd(&round->old_fd);
	if (is_changed && live && live->next)
		sync_remove_replaced(round, published_ms);
	return result;
}

/* Where the library or the check has refused, the error says already what became of LINK. */
static int sync_report_failure(const char *link, struct atomicdir_error *error)
{
	if (!strstr(error->text, "LINK is") && !strstr(error->text, " is unchanged"))
		link_unchanged(link, error);
	return report_error(error);
}

int command_sync(const struct options *options)
{
	cleanup(round_clear) struct round round;
	cleanup_free struct atomicdir_change *changes = NULL;
	struct atomicdir_error error;
	bool is_verbose = options->verbosity > 0;

	error_clear(&error);
	if (round_init(&round, secret_options_of(options), &error) < 0)
		return report_error(&error);
	if (round_fill(&round, &error) < 0 || round_seal(&round, is_verbose ? &changes : NULL, &error) < 0 ||
	    fetcher_check_signal(&error) < 0)
		return sync_report_failure(options->operands[0], &error);
	report_verbose_changes(options, changes);
	return sync_publish(&round, &error) < 0 ? report_error(&error) : ATOMICDIR_OK;
}
