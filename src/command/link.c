/* SPDX-License-Identifier: ISC */
#include "command/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"

/* Finds the last component: returns where it begins, and sets its size, without the slashes behind it. */
static size_t link_name(const char *link, size_t *size)
{
	size_t end = strlen(link), begin;

	while (end && link[end - 1] == '/')
		end--;
	begin = end;
	while (begin && link[begin - 1] != '/')
		begin--;
	*size = end - begin;
	return begin;
}

char *link_parent(const char *link)
{
	size_t size, begin = link_name(link, &size);

	if (!begin)
		return strdup(*link == '/' ? "/" : ".");
	while (begin > 1 && link[begin - 1] == '/')
		begin--;
	return strndup(link, begin);
}

char *link_directory(const char *link)
{
	struct stat status;

	return lstat(link, &status) == 0 && S_ISDIR(status.st_mode) ? strdup(link) : link_parent(link);
}

char *link_absolute(const char *link, struct atomicdir_error *error)
{
	cleanup_free char *parent = link_parent(link);
	/* An empty LINK must not become the working directory: it is handed to the library as it is, which refuses it. */
	cleanup_free char *real = parent && *link ? path_absolute(parent) : NULL;
	size_t size, begin = link_name(link, &size);
	char *path = NULL;

	if (!real)
		path = strdup(link);
	else if (asprintf(&path, "%s/%.*s", strcmp(real, "/") == 0 ? "" : real, (int)size, link + begin) < 0)
		path = NULL;
	if (!path)
		error_system(error, errno, link, "cannot find the absolute path of");
	return path;
}

int link_unchanged(const char *link, struct atomicdir_error *error)
{
	error_append(error, "nothing was published, '%s' is unchanged", link);
	return -1;
}
