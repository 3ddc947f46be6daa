/* SPDX-License-Identifier: ISC */
#include "secretdir/path.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define DEPTH_MAX 128
#define RESERVED "..atomicdir-wake"

const char *path_refuse(const char *path, size_t size)
{
	size_t depth = 0;

	if (!size)
		return "it is empty";
	if (memchr(path, '\0', size))
		return "it contains a NUL byte";
	if (*path == '/')
		return "it is absolute";
	if (size >= PATH_MAX)
		return "it is longer than 4095 bytes";
	if (strncmp(path, RESERVED, sizeof(RESERVED) - 1) == 0)
		return "the name is reserved";
	for (const char *part = path; part < path + size;) {
		size_t length = strcspn(part, "/");

		if (!length)
			return "it has an empty component";
		if (length == 1 && part[0] == '.')
			return "it has a component \".\"";
		if (length == 2 && part[0] == '.' && part[1] == '.')
			return "it has a component \"..\"";
		if (length > NAME_MAX)
			return "it has a component of more than 255 bytes";
		if (++depth > DEPTH_MAX)
			return "it has more than 128 components";
		part += length + 1;
	}
	return NULL;
}

void path_show(const char *path, size_t size, char *text, size_t capacity)
{
	size_t used = 0;

	for (size_t i = 0; i < size && used + 5 < capacity;) {
		const unsigned char *c = (const unsigned char *)path + i;
		size_t length = utf8_printable_length(c);

		if (length)
			memcpy(text + used, c, length);
		used += length ? length : (size_t)snprintf(text + used, capacity - used, "\\x%02x", *c);
		i += length ? length : 1;
	}
	text[used] = '\0';
}

/* The end comes first, then '/', so that the content of a directory follows its name at once. */
static int path_rank(char c)
{
	if (c == '\0' || c == '/')
		return c == '/';
	return (unsigned char)c + 1;
}

static int path_compare(const char *one, const char *other)
{
	while (*one && *one == *other) {
		one++;
		other++;
	}
	return path_rank(*one) - path_rank(*other);
}

static int path_compare_pointers(const void *one, const void *other)
{
	return path_compare(**(const char *const *const *)one, **(const char *const *const *)other);
}

/* Of two neighbours in that order. A directory may occur twice. */
static bool path_is_clash(const char *one, const char *next)
{
	size_t size = strlen(one);

	if (size && one[size - 1] == '/')
		return false;
	return strncmp(one, next, size) == 0 && (!next[size] || next[size] == '/');
}

int path_find_clash(const char *const *paths, size_t count, size_t *one, size_t *other)
{
	const char *const **sorted = reallocarray(NULL, count + 1, sizeof(*sorted));
	int result = 0;

	if (!sorted)
		return -1;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &paths[i];
	qsort(sorted, count, sizeof(*sorted), path_compare_pointers);
	for (size_t i = 0; i + 1 < count && !result; i++)
		if (path_is_clash(*sorted[i], *sorted[i + 1])) {
			*one = (size_t)(sorted[i] - paths);
			*other = (size_t)(sorted[i + 1] - paths);
			result = 1;
		}
	free(sorted);
	return result;
}
