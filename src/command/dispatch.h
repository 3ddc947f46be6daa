/* SPDX-License-Identifier: ISC
 *
 * A program as a table of its commands: the table gives dispatch, help and the list of what there is.
 */
#ifndef COMMAND_DISPATCH_H
#define COMMAND_DISPATCH_H

#include "command/options.h"

struct command {
	const char *name;
	int (*run)(const struct options *options); /* gives the exit status */
	unsigned takes;				   /* of the options' TAKES_ */
	bool is_publication;			   /* a result that cannot be printed does not undo it */
	int usage_status;			   /* for a command line that is wrong */
	const char *synopsis, *description;
};

struct program {
	const char *name;
	const struct command *commands;
	size_t count;
	const char *notes; /* the last lines of the help */
};

/* What main() returns. */
int dispatch(const struct program *program, int argc, char **argv);

#endif
