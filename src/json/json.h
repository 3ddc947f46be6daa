/* SPDX-License-Identifier: ISC
 *
 * JSON as a tree; the one module that reads it. Stricter than the parser below it: invalid UTF-8, half a surrogate pair and a
 * key that occurs twice are refused, so that what is published is what was meant. Numbers keep their digits. What holds text is
 * wiped.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>

#include "base/buffer.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	char *text; /* of a string, which may hold NULs, or a number's digits; a NUL follows */
	size_t size;
	char *key; /* of an object's member, likewise */
	size_t key_size;
	size_t count; /* of an array's or object's children */
	struct json *first, *last, *next, *parent;
};

/* The caller's to free; NULL: *why says what is wrong, never what stands there. A NUL must follow the text. */
struct json *json_parse(const char *text, size_t size, const char **why);
void json_free(struct json *json);
void json_free_pointer(struct json **json);
#define cleanup_json cleanup(json_free_pointer)

/* NULL: no object, or no such member. */
const struct json *json_member(const struct json *object, const char *key, size_t size);
/* A member that is a string without a NUL; else NULL. */
const char *json_member_text(const struct json *object, const char *key);

/* Puts the keys of all objects in it into the order of their bytes. -1 with ENOMEM. */
int json_sort(struct json *json);

/* The value as it is published: a string's bytes, anything else as compact JSON. -1 with ENOMEM. */
int json_value(const struct json *json, struct buffer *buffer);

#endif
