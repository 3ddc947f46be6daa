/* SPDX-License-Identifier: ISC */
#include "atomicdir/command.h"
#include "command/dispatch.h"

#define PUBLISHES (TAKES_PUBLISH | TAKES_JSON)

static const struct command commands[] = {
	{ "fill", command_fill, PUBLISHES | TAKES_FILL, true, 2, "LINK -- COMMAND [ARG...] | LINK --from DIR",
	  "fill a fresh directory, then publish it" },
	{ "list", command_list, TAKES_JSON, false, 2, "LINK", "the generations, newest first" },
	{ "show", command_show, TAKES_JSON, false, 2, "LINK", "the path of the live generation" },
	{ "rollback", command_rollback, PUBLISHES, true, 2, "LINK [GENERATION]", "publish a kept one again" },
	{ "prune", command_prune, TAKES_PRUNE | TAKES_JSON, false, 2, "LINK", "remove old generations now" },
	{ "diff", command_diff, TAKES_JSON, false, 2, "LINK [A [B]]", "which files differ" },
	{ "exec", command_exec, 0, false, 125, "LINK -- COMMAND [ARG...]", "run COMMAND in the pinned live generation" },
	{ "adopt", command_adopt, PUBLISHES, true, 2, "LINK", "make what is at LINK ours, without a gap" },
};

static const struct program program = {
	"atomicdir",
	commands,
	sizeof(commands) / sizeof(*commands),
	"LINK is a symlink that readers use.\n",
};

int main(int argc, char **argv)
{
	return dispatch(&program, argc, argv);
}
