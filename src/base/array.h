/* SPDX-License-Identifier: ISC
 *
 * An array that grows by one item at a time. It is a pointer and a count, both zero at first; the memory is the caller's to free.
 * Growing leaves the old bytes in freed memory, so no item may hold a secret itself.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/* Adds a zeroed item of `size` bytes to the array whose pointer is at `items`, and returns it. NULL with errno ENOMEM: the array is
 * as it was. Only this function may raise the count, since the count says how much memory there is. */
void *array_add(void *items, size_t *count, size_t size);

#endif
