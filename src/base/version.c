/* SPDX-License-Identifier: ISC */
#include "base/version.h"

#include <stdio.h>
#include <string.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Some compilers have a space at the end of theirs, and a revision behind one. */
void version_compiler(char text[static VERSION_COMPILER_SIZE])
{
	size_t size = strcspn(COMPILER, " ");

	snprintf(text, VERSION_COMPILER_SIZE, "%.*s", (int)(size + 1 + strcspn(&COMPILER[size + 1], " ")), COMPILER);
}

bool version_print(int argc, char **argv, const char *program, const char *libraries)
{
	if (argc != 2 || strcmp(argv[1], "--version") != 0)
		return false;
	printf("%s %s with %s\n", program, VERSION, libraries);
	return true;
}
