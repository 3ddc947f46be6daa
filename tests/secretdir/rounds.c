/* SPDX-License-Identifier: ISC
 *
 * rounds OPTIONS LINK ENTRY...: a watcher's rounds, one for each line of standard input, so that a test knows what happens between
 * them. The memo and the keys go from one to the next as they do in a watcher.
 *	round | full | event SECRET VERSION
 * It prints a line after each: its status, "changed" or "same", and "throttled", "open" and "keys" where that is so.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command/dispatch.h"
#include "command/report.h"
#include "secretdir/surroundings.h"
#include "secretdir/sync.h"

static int memo_fd, keys_fd;
static bool has_keys;

static void rounds_run(const struct secret_options *options, bool is_full, const struct label *label)
{
	cleanup(round_clear) struct round round = { .keys = KEYS_INIT };
	cleanup(memo_clear) struct memo memo = { 0 };
	struct round_end end = ROUND_END_INIT;
	struct atomicdir_error error;

	error_clear(&error);
	if (round_init(&round, options, -1, &error) < 0) {
		report_error(&error);
		return;
	}
	memo_load(&memo, memo_fd);
	round.memo = &memo;
	round.is_full = is_full;
	round.labels = label;
	round.label_count = label != NULL;
	keys_lend(&round.keys, keys_fd, has_keys && !is_full ? memo.keys_asked : 0);
	if (sync_round(&round, &end, &error) != ATOMICDIR_OK)
		report_error(&error);
	memo_save(&memo, memo_fd);
	has_keys = round_keys_left_ms(&round) != -1;
	printf("%d %s%s%s%s\n", end.status, end.is_changed ? "changed" : "same", round.is_throttled ? " throttled" : "",
	       round.is_event_open ? " open" : "", has_keys ? " keys" : "");
	fflush(stdout);
}

static int command_rounds(const struct options *options)
{
	char line[4096];

	memo_fd = memfd_create("memo", MFD_CLOEXEC);
	keys_fd = memfd_create("keys", MFD_CLOEXEC);
	while (fgets(line, sizeof(line), stdin)) {
		char *word = strtok(line, " \n"), *secret = strtok(NULL, " \n"), *version = strtok(NULL, " \n");
		struct label label = { secret, version ? version : "" };

		rounds_run(secret_options_of(options), strcmp(word, "full") == 0, secret ? &label : NULL);
	}
	return ATOMICDIR_OK;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = { { "rounds", "LINK ENTRY...", "", command_rounds,
						     .takes = TAKES_PUBLISH | TAKES_CONTENT | TAKES_WAIT | TAKES_FILES |
							      TAKES_ENTRIES | TAKES_ROUNDS,
						     .least = 1, .most = -1 },
						   { 0 } };
	static const struct program program = { "rounds", commands, secret_options_table, "", NULL };
	struct secret_options options = { .round_timeout_ms = 60000, .settle_ms = 10 };
	int status;

	options.shared.is_repeated = true;
	surroundings_take();
	status = dispatch(&program, &options.shared, argc, argv);
	surroundings_close();
	return status;
}
