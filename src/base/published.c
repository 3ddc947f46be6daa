/* SPDX-License-Identifier: ISC */
#include "base/published.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define TEXTS (sizeof(struct published_file) / sizeof(char *))

static char **file_text_at(struct published_file *file, size_t i)
{
	return (char **)(void *)file + i;
}

struct published_file *published_add(struct published *published)
{
	struct published_file *file = array_add(&published->files, &published->count, sizeof(*file));

	for (size_t i = 0; file && i < TEXTS; i++)
		if (!(*file_text_at(file, i) = strdup("")))
			return NULL;
	return file;
}

int published_set(char **place, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -1;
	free(*place);
	*place = copy;
	return 0;
}

void published_clear(struct published *published)
{
	for (size_t i = 0; i < published->count; i++)
		for (size_t j = 0; j < TEXTS; j++)
			free(*file_text_at(&published->files[i], j));
	free(published->files);
	*published = (struct published){ 0 };
}
