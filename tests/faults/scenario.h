/* SPDX-License-Identifier: ISC
 *
 * What is run under faults: every subcommand, each in a world of its own, with what must be true afterwards.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#define NO_STORE (-1)

struct scenario {
	const char *name;
	const char *setup;  /* a shell's, once, in an empty directory; $atomicdir and $secretdir are the programs */
	const char *run;    /* words; the first is the program's name */
	char before, after; /* what LINK holds, as world_value() says it; the same: it only looks */
	const char *next;   /* the next run, which has no faults */
	char next_value;
	int kept;	     /* by the next run, before the live one; NO_STORE: it leaves none */
	bool has_hook;	     /* which makes `hooked` */
	bool is_told;	     /* standard output is the result, and must be as without a fault when the status is 0 */
	bool is_by_file;     /* after a death or with status 6 each file may be the old or the new one, or not there */
	bool leaves_nothing; /* no store either, whatever happened, unless it was killed */
	int status;	     /* without a fault */
	const char *needs;   /* an environment variable, without which it is left out; NULL: nothing */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
