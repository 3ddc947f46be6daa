/* SPDX-License-Identifier: ISC */
#include "command/closest.h"

#include <string.h>

#define WORD_MAX 31

static size_t least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* edits[i][j]: of the first i letters of the one and the first j of the other. */
size_t closest_edits(const char *typed, size_t size, const char *word)
{
	size_t edits[WORD_MAX + 1][WORD_MAX + 1], word_size = strlen(word);

	if (size > WORD_MAX || word_size > WORD_MAX)
		return CLOSEST_FAR;
	for (size_t i = 0; i <= size; i++)
		for (size_t j = 0; j <= word_size; j++) {
			if (!i || !j) {
				edits[i][j] = i + j;
				continue;
			}
			edits[i][j] = least_of(edits[i - 1][j] + 1, edits[i][j - 1] + 1,
					       edits[i - 1][j - 1] + (typed[i - 1] != word[j - 1]));
			if (i > 1 && j > 1 && typed[i - 1] == word[j - 2] && typed[i - 2] == word[j - 1])
				edits[i][j] = least_of(edits[i][j], edits[i - 2][j - 2] + 1, CLOSEST_FAR);
		}
	return edits[size][word_size];
}

bool closest_is_slip(size_t edits, size_t size)
{
	return edits <= 2 && edits * 3 <= size;
}
