/* SPDX-License-Identifier: ISC */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* There is memory for the next power of two, so more is needed only where the count is one. */
void *array_add(void *items, size_t *count, size_t size)
{
	char *memory, *item;

	memcpy(&memory, items, sizeof(memory));
	if ((*count & (*count - 1)) == 0) {
		memory = reallocarray(memory, *count ? *count * 2 : 1, size);
		if (!memory)
			return NULL;
		memcpy(items, &memory, sizeof(memory));
	}
	item = memory + *count * size;
	memset(item, 0, size);
	++*count;
	return item;
}
