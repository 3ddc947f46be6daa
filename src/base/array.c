/* SPDX-License-Identifier: ISC */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* The memory always holds a power of two of items, so it is full only when the count is a power of two. */
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
