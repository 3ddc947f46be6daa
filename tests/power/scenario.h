/* SPDX-License-Identifier: ISC
 *
 * What is recorded: a row for each story, a row for each layout, a row for each file system.
 */
#ifndef POWER_SCENARIO_H
#define POWER_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

/* LINKED is a fill with --link-unchanged, CALLS one by the library's calls (tests/support/publish.c), CALLS_LINKED both. UNDONE is a fill
 * whose hook fails, so that what was live before is published again. */
enum verb {
	NOTHING,
	FILL,
	LINKED,
	CALLS,
	CALLS_LINKED,
	UNDONE,
	ROLLBACK,
	PRUNE,
	ADOPT,
	DETACH,
	REMOVE,
	MAKE_DIRECTORY,
	MAKE_SYMLINK
};

struct action {
	enum verb verb;
	int version; /* what it publishes or makes; before anything is removed that is its generation's number too */
	int live;    /* the version at LINK once it succeeded; 0: none */
};

struct scenario {
	const char *name;
	struct action before[4]; /* on the disk for sure when the power is cut */
	struct action then[2];	 /* at any moment of which it is cut */
	bool is_first_killed;	 /* the first of them dies at each of its calls, and the second runs to its end */
	int keep;		 /* generations kept before the live one */
};

struct layout {
	const char *name;
	const char *link;    /* what the command is given */
	const char *content; /* where readers find what was published */
	const char *store;
	bool is_volume; /* what was published is read by the names in it */
	bool is_by_file; /* each file is replaced by itself: whole sets are there when the next command has finished, and no generation is kept */
};

struct filesystem {
	const char *name, *mkfs;
	size_t megabytes;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;
extern const struct layout layouts[];
extern const size_t layout_count;
extern const struct filesystem filesystems[];
extern const size_t filesystem_count;

/* What the command line is: argv, and where its words are kept. */
struct command_line {
	char *argv[20];
	char source[128], keep[16], program[256];
};
/* Whether it goes back to a generation, keeps one, or adopts. */
bool scenario_needs_generations(const struct scenario *scenario);
/* The exit status of an action that succeeds. */
int success_of(const struct action *action);
void command_line_of(struct command_line *line, const struct scenario *scenario, const struct action *action,
		     const struct layout *layout, const char *program, const char *way, const char *sources);

#endif
