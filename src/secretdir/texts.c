/* SPDX-License-Identifier: ISC */
#include "secretdir/texts.h"

#include <stdlib.h>
#include <string.h>

int texts_add(struct texts *texts, const char *text)
{
	char **items;

	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return 0;
	items = reallocarray(texts->items, texts->count + 1, sizeof(*items));
	if (!items)
		return -1;
	texts->items = items;
	items[texts->count] = strdup(text);
	return items[texts->count++] ? 1 : -1;
}

void texts_clear(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->items[i]);
	free(texts->items);
	*texts = (struct texts){ 0 };
}
