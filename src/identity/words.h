/* SPDX-License-Identifier: ISC
 *
 * A line as words, the way the AWS CLI splits it (Python's shlex): quotes of both kinds and backslashes, and nothing else of a shell.
 */
#ifndef IDENTITY_WORDS_H
#define IDENTITY_WORDS_H

#include <stddef.h>

struct words {
	char **items; /* ends with NULL */
	size_t count;
	char *text; /* what they are in */
};

/* 0; 1: a quote is not closed, or a backslash ends the line; -1 with ENOMEM. */
int words_split(const char *line, struct words *words);
void words_clear(struct words *words);

#endif
