/* SPDX-License-Identifier: ISC
 *
 * Claim: no path leads out of the directory, and two that clash are found
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lines.h"
#include "secretdir/path.h"

#define PATHS_MAX 64

static void check_one(const char *path, size_t size)
{
	const char *why = path_refuse(path, size);
	char shown[256];

	path_show(path, size, shown, sizeof(shown));
	must(is_clean(shown));
	if (why)
		return;
	must(strlen(path) == size && is_inside(path) && !strstr(path, "//") && size < PATH_MAX);
	for (const char *part = path; *part; part += strspn(part, "/")) {
		must(strcspn(part, "/") <= NAME_MAX);
		part += strcspn(part, "/");
	}
}

/* One after the other, which files say and directories, whose names end in '/', do not. */
static bool clash(const char *one, const char *other)
{
	size_t size = strlen(one), longer = strlen(other);

	if (!size || one[size - 1] == '/')
		return false;
	return longer >= size && strncmp(one, other, size) == 0 && (longer == size || other[size] == '/');
}

static void check_all(const char *const *paths, size_t count)
{
	size_t one = count, other = count;
	int found = path_find_clash(paths, count, &one, &other);
	bool is_there = false;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			is_there |= i != j && clash(paths[i], paths[j]);
	must(found == is_there);
	must(!found || (one != other && (clash(paths[one], paths[other]) || clash(paths[other], paths[one]))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *paths[PATHS_MAX];
	struct lines lines;
	size_t count = 0;

	lines_begin(&lines, data, size);
	while (count < PATHS_MAX && lines_next(&lines)) {
		char *path = fuzz_copy(lines.rest, lines.rest_size);

		check_one(path, lines.rest_size);
		if (!path_refuse(path, lines.rest_size))
			paths[count++] = path;
		else
			free(path);
	}
	check_all(paths, count);
	while (count)
		free((char *)(uintptr_t)paths[--count]);
	lines_end(&lines);
	return 0;
}
