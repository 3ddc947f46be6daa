/* SPDX-License-Identifier: ISC
 *
 * LINK, as a path that the user gave: where it is, and what is said of it.
 */
#ifndef COMMAND_LINK_H
#define COMMAND_LINK_H

#include <atomicdir.h>

/* LINK as an absolute path, on the heap; as given where its directory cannot be found, since the library says why. NULL: no memory. */
char *link_absolute(const char *link, struct atomicdir_error *error);
/* The directory that LINK is in, on the heap; NULL with errno ENOMEM. */
char *link_parent(const char *link);
/* Ends an error of ours with the state that it leaves LINK in; returns -1. What the library refuses says that by itself. */
int link_unchanged(const char *link, struct atomicdir_error *error);

#endif
