/* SPDX-License-Identifier: ISC
 *
 * The programs that secretdir starts, each for what it must not do itself.
 */
#ifndef SECRETDIR_PROGRAM_H
#define SECRETDIR_PROGRAM_H

#include <limits.h>

#include <atomicdir.h>

#include "process/environment.h"

/* KIND-NAME, beside us in a build tree, else where both were installed. 1: here it is; 0: there is none, and the path is where it
 * should have been; -1: that cannot be told. */
int program_find(const char *kind, const char *name, char path[static PATH_MAX], struct atomicdir_error *error);

/* Adds what a program of ours may know of our environment, and nothing else. */
void program_inherit(struct environment *environment);

#endif
