/* SPDX-License-Identifier: ISC */
#include "json/select.h"

#include <stdlib.h>
#include <string.h>

/* Digits without a leading zero; "-", the element after the last one, is never there. */
static const struct json *element(const struct json *array, const char *token, size_t size)
{
	const struct json *child = array->first;
	unsigned long index;

	if (!size || size > 9 || strspn(token, "0123456789") < size || (size > 1 && *token == '0'))
		return NULL;
	index = strtoul(token, NULL, 10);
	while (child && index--)
		child = child->next;
	return child;
}

/* "~1" is '/' and "~0" is '~'; returns the new size. */
static size_t decode(char *token)
{
	char *to = token;

	for (const char *from = token; *from; from++) {
		if (*from == '~' && (from[1] == '0' || from[1] == '1'))
			*to++ = *++from == '0' ? '~' : '/';
		else
			*to++ = *from;
	}
	*to = '\0';
	return (size_t)(to - token);
}

static const struct json *step(const struct json *json, const char *begin, size_t size)
{
	char *token = strndup(begin, size);
	const struct json *found = NULL;

	if (token && json->type == JSON_ARRAY)
		found = element(json, token, size);
	else if (token)
		found = json_member(json, token, decode(token));
	free(token);
	return found;
}

const struct json *select_key(const struct json *root, const char *key)
{
	if (*key != '/')
		return json_member(root, key, strlen(key));
	while (root && *key) {
		size_t size = strcspn(key + 1, "/");

		root = step(root, key + 1, size);
		key += 1 + size;
	}
	return root;
}

static const struct json *at(const struct json *array, long index)
{
	const struct json *child;

	if (array->type != JSON_ARRAY)
		return NULL;
	if (index < 0)
		index += (long)array->count;
	if (index < 0)
		return NULL;
	for (child = array->first; child && index; index--)
		child = child->next;
	return child;
}

const struct json *select_query(const struct json *root, const struct query *query)
{
	for (size_t i = 0; root && i < query->count; i++) {
		const struct query_step *one = &query->steps[i];

		root = one->name ? json_member(root, one->name, one->size) : at(root, one->index);
	}
	return root && root->type != JSON_NULL ? root : NULL;
}
