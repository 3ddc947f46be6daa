/* SPDX-License-Identifier: ISC
 *
 * YAML as a tree; the one module that reads it. Each value and each key knows where it stands, for errors. What could grow
 * without an end, or be read in two ways, is refused: aliases, tags, a key that occurs twice.
 */
#ifndef SPEC_NODE_H
#define SPEC_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include <atomicdir.h>

/* Where a text stands in the file: at its beginning, or as a value inside of it. */
struct origin {
	const char *name;    /* the file's */
	size_t line, column; /* of its beginning, from 0 */
	bool is_folded;	     /* its own lines are not the file's */
};

struct place {
	const struct origin *origin;
	size_t line, column; /* in that text, from 0 */
};

enum node_type { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	enum node_type type;
	struct place place;
	char *text; /* of NODE_TEXT, without a NUL inside */
	bool is_plain, is_literal;
	char *key; /* in a map */
	struct place key_place;
	size_t count; /* of children */
	struct node *first, *last, *next, *parent;
};

/* Reads a list of the documents that are not empty, at least one. The caller's to free, before the origin. NULL: USAGE, or memory is
 * out. */
struct node *node_read(const struct origin *origin, const char *bytes, size_t size, struct atomicdir_error *error);
void node_free(struct node *node);
void node_free_pointer(struct node **node);
#define cleanup_node cleanup(node_free_pointer)

const struct node *node_member(const struct node *map, const char *key);
/* The same, whatever the case of the key is, as Go's JSON has it. */
const struct node *node_member_any_case(const struct node *map, const char *key);
/* Nothing was written, or null, or "". */
bool node_is_empty(const struct node *node);

/* "FILE:LINE:COLUMN", cut where it is long. */
void place_show(const struct place *place, char *text, size_t size);
/* That, and then what is wrong there. USAGE. */
int place_refuse(const struct place *place, struct atomicdir_error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
