/* SPDX-License-Identifier: ISC */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

#define FIRST              \
	{                  \
		FILL, 1, 1 \
	}
#define SECOND             \
	{                  \
		FILL, 2, 2 \
	}
#define THIRD              \
	{                  \
		FILL, 3, 3 \
	}
#define BACK                   \
	{                      \
		ROLLBACK, 1, 1 \
	}

const struct scenario scenarios[] = {
	{ "first", { { NOTHING, 0, 0 } }, { FIRST }, false, 1 },
	{ "replace", { FIRST, SECOND }, { THIRD }, false, 1 },
	{ "replace-none-kept", { FIRST }, { SECOND }, false, 0 },
	{ "rollback", { FIRST, SECOND }, { BACK }, false, 1 },
	{ "linked", { FIRST, SECOND }, { { LINKED, 3, 3 } }, false, 1 },
	{ "calls", { FIRST, SECOND }, { { CALLS, 3, 3 } }, false, 1 },
	{ "calls-linked", { FIRST, SECOND }, { { CALLS_LINKED, 3, 3 } }, false, 1 },
	{ "calls-killed-unchanged", { FIRST }, { { CALLS, 2, 2 }, { CALLS, 2, 2 } }, true, 1 },
	{ "linked-killed-unchanged", { FIRST }, { { LINKED, 2, 2 }, { LINKED, 2, 2 } }, true, 1 },
	{ "linked-killed-calls", { FIRST }, { { CALLS_LINKED, 2, 2 }, { CALLS_LINKED, 3, 3 } }, true, 1 },
	{ "undone", { FIRST, SECOND }, { { UNDONE, 3, 2 } }, false, 1 },
	{ "undone-killed-again", { FIRST, SECOND }, { { UNDONE, 3, 2 }, { UNDONE, 3, 2 } }, true, 1 },
	{ "undone-killed-fill", { FIRST, SECOND }, { { UNDONE, 3, 2 }, FIRST }, true, 1 },
	{ "prune", { FIRST, SECOND }, { { PRUNE, 0, 2 } }, false, 2 },
	{ "adopt", { { MAKE_DIRECTORY, 1, 1 } }, { { ADOPT, 0, 1 } }, false, 1 },
	{ "adopt-a-symlink", { { MAKE_SYMLINK, 1, 1 } }, { { ADOPT, 0, 1 } }, false, 1 },
	{ "detach", { FIRST, SECOND }, { { DETACH, 0, 2 } }, false, 1 },
	{ "remove", { FIRST, SECOND }, { { REMOVE, 0, 0 } }, false, 1 },
	{ "detach-killed-again", { FIRST, SECOND }, { { DETACH, 0, 2 }, { DETACH, 0, 2 } }, true, 1 },
	{ "remove-killed-again", { FIRST, SECOND }, { { REMOVE, 0, 0 }, { REMOVE, 0, 0 } }, true, 1 },
	{ "remove-killed-fill", { FIRST, SECOND }, { { REMOVE, 0, 0 }, THIRD }, true, 1 },
	{ "first-killed-again", { { NOTHING, 0, 0 } }, { FIRST, FIRST }, true, 1 },
	{ "killed-unchanged", { FIRST }, { SECOND, SECOND }, true, 1 },
	{ "killed-another", { FIRST }, { SECOND, THIRD }, true, 1 },
	{ "rollback-killed-again", { FIRST, SECOND }, { BACK, BACK }, true, 1 },
	{ "rollback-killed-fill", { FIRST, SECOND }, { BACK, THIRD }, true, 1 },
	{ "prune-killed-fill", { FIRST, SECOND }, { { PRUNE, 0, 2 }, THIRD }, true, 2 },
	{ "adopt-killed-again", { { MAKE_DIRECTORY, 1, 1 } }, { { ADOPT, 0, 1 }, { ADOPT, 0, 1 } }, true, 1 },
};
const size_t scenario_count = sizeof(scenarios) / sizeof(*scenarios);

const struct layout layouts[] = {
	{ "link", "app", "app", ".app.atomicdir", false, false },
	{ "volume", "vol", "vol", "vol/..atomicdir", true, false },
	{ "files", "dir", "dir", "dir/..atomicdir", false, true },
};
const size_t layout_count = sizeof(layouts) / sizeof(*layouts);

/* Small, without discards (which would be recorded), and with nothing left to do in the background. */
const struct filesystem filesystems[] = {
	{ "ext4", "mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0,nodiscard -J size=4", 64 },
	{ "xfs", "mkfs.xfs -q -f -K", 300 },
	{ "btrfs", "mkfs.btrfs -q -f -K", 128 },
};
const size_t filesystem_count = sizeof(filesystems) / sizeof(*filesystems);

static bool is_fill(enum verb verb)
{
	return verb == FILL || verb == LINKED || verb == CALLS || verb == CALLS_LINKED;
}

static bool is_by_calls(enum verb verb)
{
	return verb == CALLS || verb == CALLS_LINKED;
}

bool scenario_needs_generations(const struct scenario *scenario)
{
	const struct action *actions[] = { &scenario->before[0], &scenario->then[0], &scenario->then[1] };

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (actions[i]->verb != NOTHING && !is_fill(actions[i]->verb) && actions[i]->verb != DETACH &&
		    actions[i]->verb != REMOVE)
			return true;
	return false;
}

static char *word(const char *text)
{
	return (char *)(unsigned long)text; /* execv(3) takes them so, and leaves them alone */
}

int success_of(const struct action *action)
{
	return action->verb == UNDONE ? 4 : 0;
}

/* The one that publishes by calls is beside atomicdir. */
static char *program_of(struct command_line *line, const struct action *action, const char *program)
{
	const char *slash = strrchr(program, '/');

	if (!is_by_calls(action->verb))
		return word(program);
	snprintf(line->program, sizeof(line->program), "%.*s/publish", slash ? (int)(slash - program) : 1,
		 slash ? program : ".");
	return line->program;
}

void command_line_of(struct command_line *line, const struct scenario *scenario, const struct action *action,
		     const struct layout *layout, const char *program, const char *way, const char *sources)
{
	static const char *const verbs[] = { [FILL] = "fill",	[LINKED] = "fill", [UNDONE] = "fill",	[ROLLBACK] = "rollback",
					     [PRUNE] = "prune", [ADOPT] = "adopt", [DETACH] = "detach", [REMOVE] = "remove" };
	size_t count = 0;

	snprintf(line->keep, sizeof(line->keep), "%d", action->verb == PRUNE ? 0 : scenario->keep);
	line->argv[count++] = program_of(line, action, program);
	if (!is_by_calls(action->verb))
		line->argv[count++] = word(verbs[action->verb]);
	if (action->verb != DETACH && action->verb != REMOVE && !layout->is_by_file) {
		line->argv[count++] = word("--keep");
		line->argv[count++] = line->keep;
	}
	if (action->verb != REMOVE) {
		line->argv[count++] = word("--grace");
		line->argv[count++] = word("0s");
	}
	if (action->verb != PRUNE && action->verb != DETACH && action->verb != REMOVE) {
		line->argv[count++] = word("--sync");
		line->argv[count++] = word(way);
	}
	if (action->verb == UNDONE) {
		line->argv[count++] = word("--json"); /* so that the undoing is reported */
		line->argv[count++] = word("--rollback-on-failure");
		line->argv[count++] = word("--on-change");
		line->argv[count++] = word("false");
	}
	/* The first is the default. */
	if (layout != &layouts[0] && (is_fill(action->verb) || action->verb == UNDONE || action->verb == ADOPT ||
				      (layout->is_by_file && action->verb != PRUNE))) {
		line->argv[count++] = word("--layout");
		line->argv[count++] = word(layout->name);
	}
	if (action->verb == LINKED || action->verb == CALLS_LINKED)
		line->argv[count++] = word("--link-unchanged");
	if (is_fill(action->verb) || action->verb == UNDONE) {
		snprintf(line->source, sizeof(line->source), "%s/%d", sources, action->version);
		line->argv[count++] = word("--from");
		line->argv[count++] = line->source;
	}
	line->argv[count++] = word(layout->link);
	if (action->verb == ROLLBACK) {
		snprintf(line->source, sizeof(line->source), "%d", action->version);
		line->argv[count++] = line->source;
	}
	line->argv[count] = NULL;
}
