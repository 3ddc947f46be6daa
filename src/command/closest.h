/* SPDX-License-Identifier: ISC
 *
 * How much two words differ, to tell who has mistyped one which he may have meant.
 */
#ifndef COMMAND_CLOSEST_H
#define COMMAND_CLOSEST_H

#include <stdbool.h>
#include <stddef.h>

/* How many letters are to be changed, left out, added, or exchanged with their neighbours, to make the word of the first `size` bytes of
 * `typed`. CLOSEST_FAR for long words. */
size_t closest_edits(const char *typed, size_t size, const char *word);
#define CLOSEST_FAR ((size_t)-1)

/* Whether so few edits of a typed word of this size are a slip: of a short word half its letters would make another one. */
bool closest_is_slip(size_t edits, size_t size);

#endif
