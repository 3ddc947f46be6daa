/* SPDX-License-Identifier: ISC
 *
 * Finds the programs that secretdir starts for what it must not do itself, such as to reach the network.
 */
#ifndef SECRETDIR_PROGRAM_H
#define SECRETDIR_PROGRAM_H

#include <limits.h>

#include <atomicdir.h>

#include "process/environment.h"

/* Looks for KIND-NAME beside secretdir, as in a build tree, then where it is installed. 1: *path is the program; 0: there is none, and
 * *path is where it is to be installed; -1: a directory cannot be searched. */
int program_find(const char *kind, const char *name, char path[static PATH_MAX], struct atomicdir_error *error);

/* Prints the versions of those that link libraries of others, and of these libraries, as they say it themselves. */
void program_print_versions(void);

/* Adds what a program of ours may know of our environment, and nothing else. */
void program_inherit(struct environment *environment);

#endif
