/* SPDX-License-Identifier: ISC */
#include "command/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

char *absolute_link(const char *link)
{
	cleanup_free char *copy = strdup(link), *parent = NULL;
	size_t size = strlen(link);
	char *slash, *path = NULL;

	/* Nothing is not the working directory: the library refuses it. */
	if (!size)
		return take_pointer(&copy);
	while (copy && size > 1 && copy[size - 1] == '/')
		copy[--size] = '\0';
	slash = copy ? strrchr(copy, '/') : NULL;
	if (slash && slash != copy)
		*slash = '\0';
	parent = !copy ? NULL : realpath(slash == copy ? "/" : slash ? copy : ".", NULL);
	if (!parent || asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, slash ? slash + 1 : copy) < 0)
		return strdup(link);
	return path;
}
