/* SPDX-License-Identifier: ISC
 *
 * What --version prints.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#include <stdbool.h>

/* The compiler of this build, such as "gcc 12.2.0". */
#define VERSION_COMPILER_SIZE 64
void version_compiler(char text[static VERSION_COMPILER_SIZE]);

/* For the programs that secretdir starts. If the only argument is --version, prints the program's version and the libraries that it
 * runs with, and returns true: the program then ends. */
bool version_print(int argc, char **argv, const char *program, const char *libraries);

#endif
