/* SPDX-License-Identifier: ISC */

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/interrupt.h"
#include "secretdir/round.h"

#define GRACE_MS 1000 /* the library's, where a call does not wait it out itself */

/* Replaced secrets have no business on the disk, so sync removes what it replaced before it ends, once readers have had their time.
 * A signal ends the wait, and the next run removes the rest. */
static void sync_remove_replaced(const struct round *round, int64_t published_ms)
{
	struct atomicdir_options library = round->library;
	int64_t grace_ms = library.grace_ms < 0 ? GRACE_MS : library.grace_ms;
	struct atomicdir_error error;

	interrupt_pause(published_ms + grace_ms + 1);
	error_clear(&error);
	/* The condition was for the publication: another generation is live now. */
	library.if_generation = -1;
	/* What cannot be removed now is a warning, since the secrets are published. */
	if (atomicdir_prune(round->options->shared.operands[0], &library, NULL, &error) < 0)
		error.kind = ATOMICDIR_OK;
	report_warning(&round->options->shared, &error);
}

static int sync_publish(struct round *round, struct atomicdir_error *error)
{
	const struct options *shared = &round->options->shared;
	cleanup_free struct atomicdir_generation *live = NULL;
	int64_t published_ms;
	int is_changed, result;

	interrupt_limit(-1);
	is_changed = atomicdir_commit(round->stage, &live, error);
	published_ms = clock_ms();
	if (is_changed < 0)
		return -1;
	report_warning(shared, error);
	atomicdir_free(round->stage);
	round->stage = NULL;
	report_result(shared, round->link, is_changed, live, stdout);
	fflush(stdout);
	if (is_changed)
		round_warn_of_root(round);
	result = hook_run(shared, round->link, live, error);
	if (is_changed && live && live->next)
		sync_remove_replaced(round, published_ms);
	return result;
}

/* -1: nothing is published, and the error says that LINK is unchanged. */
static int sync_fill(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	const char *link = round->options->shared.operands[0];

	if (round_fill(round, error) < 0)
		return round->is_refused ? -1 : link_unchanged(link, error);
	if (round_seal(round, changes, error) < 0)
		return -1;
	return interrupt_check(error) < 0 ? link_unchanged(link, error) : 0;
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
	if (sync_fill(&round, is_verbose ? &changes : NULL, &error) < 0)
		return report_error(&error);
	report_verbose_changes(options, changes);
	return sync_publish(&round, &error) < 0 ? report_error(&error) : ATOMICDIR_OK;
}
