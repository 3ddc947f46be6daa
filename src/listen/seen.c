/* SPDX-License-Identifier: ISC */
#include "listen/seen.h"

#include <stdio.h>
#include <string.h>

bool seen_before(struct seen *seen, const char *id)
{
	if (!*id)
		return false;
	for (size_t i = 0; i < SEEN_COUNT; i++)
		if (strcmp(seen->ids[i], id) == 0)
			return true;
	snprintf(seen->ids[seen->next], sizeof(*seen->ids), "%s", id);
	seen->next = (seen->next + 1) % SEEN_COUNT;
	return false;
}
