/* SPDX-License-Identifier: ISC */
#include "secretdir/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "command/report.h"
#include "secretdir/interrupt.h"
#include "secretdir/metrics.h"
#include "secretdir/status.h"
#include "secretdir/sync.h"
#include "secretdir/wanted.h"

#define OTHER_WRITER_MS 60000
#define HOOK_AFTER_SIGNAL_MS 10000
#define ROUND_KILL_AFTER_MS 20000 /* a hook has ten seconds of it, and then some to end */

int rounds_open(struct rounds *rounds, const struct secret_options *options, const char *link, const struct schedule *schedule,
		struct atomicdir_error *error)
{
	void *shared = mmap(NULL, sizeof(*rounds->standing), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*rounds = (struct rounds){ .options = options,
				   .link = link,
				   .schedule = schedule,
				   .memo_fd = memfd_create("memo", MFD_CLOEXEC),
				   .keys_fd = memfd_create("keys", MFD_CLOEXEC),
				   .wanted_fd = -1,
				   .fresh_fd = -1 };
	if (shared == MAP_FAILED)
		return error_errno(error, NULL, "cannot share memory with the rounds");
	if (rounds->memo_fd < 0 || rounds->keys_fd < 0 || fchmod(rounds->keys_fd, 0600) < 0)
		return error_errno(error, NULL, "cannot make files in memory for the rounds");
	rounds->standing = shared;
	*rounds->standing = STANDING_INIT;
	return 0;
}

void rounds_close(struct rounds *rounds)
{
	if (rounds->standing)
		munmap(rounds->standing, sizeof(*rounds->standing));
	wipe_file(rounds->keys_fd);
	close_fd(&rounds->keys_fd);
	close_fd(&rounds->memo_fd);
	close_fd(&rounds->wanted_fd);
	close_fd(&rounds->fresh_fd);
}

/* ---- In a child: reading the entries ---- */

static int rounds_read(struct rounds *rounds)
{
	cleanup(entries_clear) struct entries entries = { 0 };
	cleanup(spec_clear) struct spec spec = { 0 };
	struct atomicdir_error error;

	error_clear(&error);
	if (wanted_read(rounds->options, 1, &entries, &spec, &error) == 0 &&
	    wanted_write(&entries, &spec, rounds->fresh_fd, &error) == 0) {
		rounds->standing->warning[0] = '\0';
		return ATOMICDIR_OK;
	}
	snprintf(rounds->standing->warning, sizeof(rounds->standing->warning), "%s", error.text);
	return report_error(&error);
}

void rounds_take_entries(struct rounds *rounds)
{
	close_fd(&rounds->wanted_fd);
	rounds->wanted_fd = take_fd(&rounds->fresh_fd);
}

/* ---- In a child: a round ---- */

/* Whoever asks for the status of what was never published is to be told why, so there is a store from the first round on. */
static void rounds_make_store(const struct rounds *rounds, const char *link)
{
	struct atomicdir_options library = rounds->options->shared.library;

	library.wait_ms = 0;
	library.if_generation = -1;
	if (rounds->standing->status != ATOMICDIR_USAGE && !rounds->standing->live)
		atomicdir_free(atomicdir_begin(link, &library, NULL));
}

/* What cannot be left is told, and is no failure of the round: readers have what they need. */
static void rounds_leave(const struct rounds *rounds, const struct round_end *end)
{
	const struct secret_options *options = rounds->options;
	const char *link = rounds->link;
	struct atomicdir_error error;
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)end->prune_ms;
	standing_take(rounds->standing, end, link, rounds->schedule, random);
	rounds_make_store(rounds, link);
	error_clear(&error);
	if (status_write(link, rounds->standing, rounds->schedule->interval_ms, &error) < 0)
		report_notice(&options->shared, "%s", error.text);
	if (options->metrics && metrics_write(options->metrics, link, rounds->standing, options->metrics_names, &error) < 0)
		report_notice(&options->shared, "%s", error.text);
}

/* The options of a round. A signal to COMMAND is the watcher's to send, and no hook. */
static struct secret_options rounds_find_options(const struct rounds *rounds)
{
	struct secret_options options = *rounds->options;
	struct options *shared = &options.shared;

	options.retry = rounds->is_retry;
	shared->is_repeated = true;
	shared->hook_after_signal_ms = HOOK_AFTER_SIGNAL_MS;
	if (shared->library.wait_ms < 0)
		shared->library.wait_ms = OTHER_WRITER_MS;
	if (shared->signal && !shared->pidfile && !shared->process) {
		shared->signal = 0;
		shared->library.hook = ATOMICDIR_HOOK_NONE;
	}
	return options;
}

/* A hook that is due is run again by a round that goes the whole way. */
static bool rounds_are_unfinished(const struct rounds *rounds)
{
	cleanup_free struct atomicdir_generation *live = NULL;

	return options_have_hook(&rounds->options->shared) && atomicdir_show(rounds->link, &live, NULL) == 0 &&
	       live->is_hook_due;
}

static void rounds_lend(const struct rounds *rounds, struct round *round, struct memo *memo)
{
	bool has_keys = rounds->standing->keys_until_ms > clock_ms() && !rounds->asks_for_keys;

	memo_load(memo, rounds->memo_fd);
	round->memo = memo;
	round->is_full = rounds->is_full || rounds_are_unfinished(rounds);
	round->labels = rounds->labels;
	round->label_count = rounds->label_count;
	keys_lend(&round->keys, rounds->keys_fd, has_keys ? memo->keys_asked : 0);
}

static void rounds_take_back(const struct rounds *rounds, const struct round *round, struct memo *memo, struct round_end *end)
{
	end->is_full = round->is_full;
	end->is_throttled = round->is_throttled;
	end->is_event_open = round->is_event_open;
	end->keys_left_ms = round_keys_left_ms(round);
	memo_save(memo, rounds->memo_fd);
}

static int rounds_run(struct rounds *rounds)
{
	cleanup(round_clear) struct round round = { .keys = KEYS_INIT };
	cleanup(memo_clear) struct memo memo = { 0 };
	struct round_end end = ROUND_END_INIT;
	struct secret_options options = rounds_find_options(rounds);
	struct atomicdir_error error;

	error_clear(&error);
	if (round_init(&round, &options, rounds->wanted_fd, &error) == 0) {
		rounds_lend(rounds, &round, &memo);
		sync_round(&round, &end, &error);
		rounds_take_back(rounds, &round, &memo, &end);
	} else {
		end.status = error.kind;
		end.error = error.text;
	}
	if (end.status != ATOMICDIR_OK)
		report_error(&error);
	rounds_leave(rounds, &end);
	return end.status;
}

static int64_t rounds_grace(const struct rounds *rounds)
{
	int64_t grace_ms = rounds->options->shared.library.grace_ms;

	return grace_ms < 0 ? 1000 : grace_ms;
}

/* It may have published before it was killed. */
static int rounds_tell(struct rounds *rounds)
{
	struct round_end end = { .status = rounds->lost_status,
				 .error = rounds->lost,
				 .prune_ms = clock_ms() + rounds_grace(rounds) + 1,
				 .keys_left_ms = -1 };

	rounds_leave(rounds, &end);
	return ATOMICDIR_OK;
}

static int rounds_prune(const struct rounds *rounds)
{
	struct atomicdir_options library = rounds->options->shared.library;

	library.keep = library.keep < 0 ? 0 : library.keep;
	library.grace_ms = rounds_grace(rounds);
	library.wait_ms = OTHER_WRITER_MS;
	sync_prune(rounds->options, &library);
	return ATOMICDIR_OK;
}

/* ---- In the watcher ---- */

struct assignment {
	struct rounds *rounds;
	enum task task;
};

static int rounds_do(void *context)
{
	const struct assignment *assignment = context;

	switch (assignment->task) {
	case TASK_READ:
		return rounds_read(assignment->rounds);
	case TASK_ROUND:
		return rounds_run(assignment->rounds);
	case TASK_TELL:
		return rounds_tell(assignment->rounds);
	default:
		return rounds_prune(assignment->rounds);
	}
}

/* A round limits itself: this is for one that hangs all the same. */
static int64_t rounds_limit(const struct rounds *rounds)
{
	const struct secret_options *options = rounds->options;

	return options->round_timeout_ms + 3 * options->shared.hook_timeout_ms + OTHER_WRITER_MS;
}

int rounds_start(struct rounds *rounds, enum task task, struct child *child, struct atomicdir_error *error)
{
	struct assignment assignment = { rounds, task };
	/* A terminal that asks for entries is asked by a process of our own group. */
	struct launch launch = { .run = rounds_do,
				 .context = &assignment,
				 .group = task == TASK_READ ? CHILD_GROUP_SHARED : CHILD_GROUP_OWN,
				 .death_signal = SIGKILL,
				 .timeout_ms = rounds_limit(rounds),
				 .kill_after_ms = ROUND_KILL_AFTER_MS };

	if (task == TASK_READ) {
		close_fd(&rounds->fresh_fd);
		rounds->fresh_fd = memfd_create("entries", MFD_CLOEXEC);
		if (rounds->fresh_fd < 0)
			return error_errno(error, NULL, "cannot keep the entries in memory");
	}
	return child_start(child, &launch, error);
}
