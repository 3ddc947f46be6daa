/* SPDX-License-Identifier: ISC
 *
 * The environment of a child, as a list that its parent makes: `struct environment list = { 0 }` is an empty one. It owns
 * copies, and wipes them, since a value may be a secret. Our own environment is never changed for a child's sake.
 */
#ifndef PROCESS_ENVIRONMENT_H
#define PROCESS_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

struct environment {
	char **items; /* "NAME=VALUE"; after them there is a NULL */
	size_t count;
	bool is_incomplete; /* memory ran out: no child is started with it */
};

/* Adds those of our own variables that match one of the patterns, a list that ends with NULL; all of them if `patterns` is
 * NULL. A pattern is a name, or the beginning of names and '*'. */
void environment_inherit(struct environment *environment, const char *const *patterns);
/* Removes the variables that match the pattern. */
void environment_remove(struct environment *environment, const char *pattern);
/* Sets a variable; replaces one of the same name. */
void environment_set(struct environment *environment, const char *name, const char *value);
void environment_clear(struct environment *environment);

#endif
