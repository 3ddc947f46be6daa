/* SPDX-License-Identifier: ISC
 *
 * A list of texts, each once, in the order in which they came.
 */
#ifndef SECRETDIR_TEXTS_H
#define SECRETDIR_TEXTS_H

#include <stddef.h>

struct texts {
	char **items;
	size_t count;
};

/* Adds a copy of the text. 1: it is new; 0: the list has it already; -1 with ENOMEM. */
int texts_add(struct texts *texts, const char *text);
void texts_clear(struct texts *texts);

#endif
