/* SPDX-License-Identifier: ISC */
#include "secretdir/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int texts_add(struct texts *texts, const char *text)
{
	char **item;

	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return 0;
	item = array_add(&texts->items, &texts->count, sizeof(*item));
	if (!item)
		return -1;
	*item = strdup(text);
	return *item ? 1 : -1;
}

void texts_clear(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->items[i]);
	free(texts->items);
	*texts = (struct texts){ 0 };
}
