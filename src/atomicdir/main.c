/* SPDX-License-Identifier: ISC */
#include "atomicdir/command.h"
#include "atomicdir/options.h"
#include "command/dispatch.h"

#define PUBLISHES (TAKES_PUBLISH | TAKES_WAIT | TAKES_JSON)

static const struct command commands[] = {
	{ "fill", "LINK -- COMMAND [ARG...] | LINK --from DIR", "fill a fresh directory, then publish it", command_fill,
	  .takes = PUBLISHES | TAKES_CONTENT | TAKES_FILL | TAKES_DRY_RUN, .least = 1, .most = 1, .tail = TAIL_ALLOWED,
	  .is_publication = true },
	{ "list", "LINK", "list the generations, newest first", command_list, .takes = TAKES_JSON, .least = 1, .most = 1 },
	{ "show", "LINK", "print the path of the live generation", command_show, .takes = TAKES_JSON, .least = 1, .most = 1 },
	{ "rollback", "LINK [GENERATION]", "publish a kept generation again", command_rollback,
	  .takes = PUBLISHES | TAKES_KEPT | TAKES_DRY_RUN, .least = 1, .most = 2, .is_publication = true },
	{ "prune", "LINK", "remove old generations now", command_prune,
	  .takes = TAKES_PRUNE | TAKES_DRY_RUN | TAKES_WAIT | TAKES_JSON, .least = 1, .most = 1 },
	{ "diff", "LINK [A [B]]", "list the files that differ between two generations", command_diff, .takes = TAKES_JSON,
	  .least = 1, .most = 3 },
	{ "exec", "LINK -- COMMAND [ARG...]", "run COMMAND in the live generation, which is pinned meanwhile", command_exec,
	  .least = 1, .most = 1, .tail = TAIL_REQUIRED, .usage_status = 125 },
	{ "wait", "LINK", "wait until another generation is live, and print its number", command_wait, .takes = TAKES_SINCE,
	  .least = 1, .most = 1 },
	{ "adopt", "LINK", "take over a directory or another symlink at LINK, without a gap", command_adopt,
	  .takes = PUBLISHES | TAKES_KEPT | TAKES_LAYOUT, .least = 1, .most = 1, .is_publication = true },
	{ "detach", "LINK", "make LINK a real directory with what is live, and remove the store", command_detach,
	  .takes = TAKES_DETACH | TAKES_LAYOUT | TAKES_WAIT | TAKES_JSON, .least = 1, .most = 1, .is_publication = true },
	{ "remove", "LINK", "remove LINK, and all that was made for it", command_remove,
	  .takes = TAKES_LAYOUT | TAKES_WAIT | TAKES_JSON, .least = 1, .most = 1, .is_publication = true },
	{ "doctor", "LINK", "list what is wrong at LINK, and who would not see an update", command_doctor, .takes = TAKES_JSON,
	  .least = 1, .most = 1 },
	{ 0 },
};

static const struct program program = {
	.name = "atomicdir",
	.commands = commands,
	.options = fill_options_table,
	.notes = "LINK is the symlink that readers use.\n",
};

int main(int argc, char **argv)
{
	struct fill_options options = { .since = -1, .timeout_ms = -1 };

	return dispatch(&program, &options.shared, argc, argv);
}
