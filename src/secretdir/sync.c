/* SPDX-License-Identifier: ISC */
#include "secretdir/sync.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/interrupt.h"
#include "secretdir/refused.h"
#include "secretdir/status.h"

#define GRACE_MS 1000 /* the library's for a fill */

/* ---- A round ---- */

/* What is live already is no publication, whatever it was once. */
static int sync_hold_back(struct round *round, int is_different, struct round_end *end, struct atomicdir_error *error)
{
	const char *link = round->options->shared.operands[0];

	if (is_different <= 0 || round->options->retry || refused_check(link, &round->note, error) == 0)
		return is_different;
	end->is_held_back = error->kind == ATOMICDIR_REJECTED;
	/* All was fetched, so the next round asks for versions, and fetches nothing as long as they are these. */
	if (end->is_held_back)
		round_published(round, round->first_live);
	return link_unchanged(link, error);
}

/* enum round_filled; -1: nothing is published, and the error says that LINK is unchanged. */
static int sync_fill(struct round *round, struct round_end *end, struct atomicdir_error *error)
{
	cleanup_free struct atomicdir_change *changes = NULL;
	const struct options *shared = &round->options->shared;
	const char *link = shared->operands[0];
	int filled, is_different;

	filled = round_fill(round, error);
	end->is_held_back = round->is_held_back;
	if (filled < 0)
		return round->is_refused ? -1 : link_unchanged(link, error);
	if (filled == ROUND_UNMOVED)
		return ROUND_UNMOVED;
	is_different = round_seal(round, shared->verbosity > 0 ? &changes : NULL, error);
	if (sync_hold_back(round, is_different, end, error) < 0)
		return -1;
	if (interrupt_check(error) < 0)
		return link_unchanged(link, error);
	report_verbose_changes(shared, changes);
	return ROUND_FILLED;
}

/* Where it is not stated, and the library has not waited itself, as it does for a volume. */
static int64_t sync_grace_ms(const struct round *round)
{
	return round->library.grace_ms < 0 ? GRACE_MS : round->library.grace_ms;
}

static int sync_publish(struct round *round, struct round_end *end, struct atomicdir_error *error)
{
	const struct options *shared = &round->options->shared;
	cleanup_free struct atomicdir_generation *live = NULL;
	int is_changed, result;

	interrupt_limit(-1);
	is_changed = atomicdir_commit(round->stage, &live, error);
	if (is_changed < 0)
		return -1;
	end->is_changed = is_changed;
	if (is_changed && live && live->next)
		end->prune_ms = clock_ms() + sync_grace_ms(round) + 1;
	report_warning(shared, error);
	if (is_changed)
		round_warn_of_root(round);
	result = hook_finish(shared, round->link, &round->stage, is_changed, &live, stdout, error);
	if (live)
		round_published(round, live->number);
	return result;
}

int sync_round(struct round *round, struct round_end *end, struct atomicdir_error *error)
{
	int filled = sync_fill(round, end, error);

	if (filled < 0 || (filled == ROUND_FILLED && sync_publish(round, end, error) < 0))
		end->status = error->kind ? error->kind : ATOMICDIR_FAILED;
	else
		end->status = ATOMICDIR_OK;
	end->error = error->text;
	return end->status;
}

void sync_prune(const struct secret_options *options, const struct atomicdir_options *library)
{
	struct atomicdir_options own = *library;
	struct atomicdir_error error;

	error_clear(&error);
	/* The condition was for the publication: another generation is live now. */
	own.if_generation = -1;
	if (atomicdir_prune(options->shared.operands[0], &own, NULL, &error) < 0)
		error.kind = ATOMICDIR_OK;
	report_warning(&options->shared, &error);
}

/* ---- The command ---- */

/* A watcher of the same LINK goes on. */
static void sync_leave_status(const struct round *round, const struct round_end *end)
{
	const char *link = round->options->shared.operands[0];
	cleanup(status_clear) struct status status;
	struct standing standing = STANDING_INIT;
	struct atomicdir_error error;

	if (status_read(link, &status, NULL) == 0)
		standing = status.standing;
	standing_take(&standing, end, link, NULL, 0);
	error_clear(&error);
	if (status_write(link, &standing, status.interval_ms, &error) < 0)
		report_verbose(&round->options->shared, "%s", error.text);
}

int command_sync(const struct options *options)
{
	cleanup(progress_end) struct progress progress = { .fd = -1 };
	cleanup(round_clear) struct round round;
	struct round_end end = ROUND_END_INIT;
	struct atomicdir_error error;
	int status;

	error_clear(&error);
	if (round_init(&round, secret_options_of(options), -1, &error) < 0)
		return report_error(&error);
	progress_start(&progress, options);
	round.progress = &progress;
	if (sync_round(&round, &end, &error) != ATOMICDIR_OK)
		report_error(&error);
	status = end.status;
	sync_leave_status(&round, &end);
	if (end.prune_ms < 0)
		return status;
	/* A signal ends the wait, and the next run removes the rest. */
	interrupt_pause(end.prune_ms);
	sync_prune(round.options, &round.library);
	return status;
}
