/* SPDX-License-Identifier: ISC
 *
 * The part of JMESPath that names one value: identifiers, quoted ones, sub-expressions and indexes, as in
 * `hosts[0]."user-name"` (jmespath.org/specification.html). Parsing is pure; what is applied to a value is in select.h.
 */
#ifndef JSON_QUERY_H
#define JSON_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct query_step {
	char *name; /* of a member, which may hold NULs; NULL: an element's index */
	size_t size;
	long index; /* from the end where it is negative */
};

struct query {
	struct query_step *steps;
	size_t count;
};

/* 0, or -1: *why says what is wrong, and what to do, at the character *column, from 1. */
int query_parse(const char *text, struct query *query, size_t *column, const char **why);
void query_clear(struct query *query);

#endif
