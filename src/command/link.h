/* SPDX-License-Identifier: ISC
 *
 * LINK, as a path that the user gave: where it is, and how errors speak of it.
 */
#ifndef COMMAND_LINK_H
#define COMMAND_LINK_H

#include <atomicdir.h>

/* Returns LINK as an absolute path, on the heap. If its directory cannot be found it is returned as given, and the library's
 * call will say why. NULL: no memory. */
char *link_absolute(const char *link, struct atomicdir_error *error);
/* Returns the directory that LINK is in, on the heap; NULL with errno ENOMEM. */
char *link_parent(const char *link);
/* Returns the directory that the store is in, on the heap: LINK itself where that is a directory, as a volume is, else the directory
 * that LINK is in. NULL with errno ENOMEM. */
char *link_directory(const char *link);
/* Adds to an error that nothing was published; returns -1. Errors of the library say themselves what LINK names. */
int link_unchanged(const char *link, struct atomicdir_error *error);

#endif
