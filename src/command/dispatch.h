/* SPDX-License-Identifier: ISC
 *
 * A program as a table of its commands: the table gives dispatch, help and the list of what there is.
 */
#ifndef COMMAND_DISPATCH_H
#define COMMAND_DISPATCH_H

#include "command/options.h"

/* Whether "--" and what follows it may be on the command line. */
enum command_tail { TAIL_REFUSED, TAIL_ALLOWED, TAIL_REQUIRED };

struct command {
	const char *name, *synopsis, *description;
	int (*run)(const struct options *options); /* gives the exit status */
	unsigned takes;				   /* groups of options */
	int least, most;			   /* operands; most -1: any number */
	enum command_tail tail;
	int usage_status;    /* exit status for a wrong command line; 0: USAGE */
	bool is_publication; /* a result that cannot be printed does not undo it */
};

struct program {
	const char *name;
	const struct command *commands; /* the last one has no name */
	const struct option *options;	/* those that are its own; the last one has no name */
	const char *notes;		/* the last lines of the help */
	void (*print_versions)(void);	/* of what belongs to it, one a line, after its own; NULL: of nothing */
};

/* NULL: there is no such command. */
const struct command *command_find(const struct program *program, const char *name);
/* The options of a command; `help` is struct option_set's. */
struct option_set command_options(const struct program *program, const struct command *command, const char *help);

/* What main() returns. `options` begins the program's own struct of options, which is zeroed. */
int dispatch(const struct program *program, struct options *options, int argc, char **argv);

#endif
