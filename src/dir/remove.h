/* SPDX-License-Identifier: ISC
 *
 * Removing a tree: by descriptor, never across a mount, never through a symlink, whatever its modes, however deep. Goes on
 * after the first error and reports that one.
 */
#ifndef DIR_REMOVE_H
#define DIR_REMOVE_H

#include <atomicdir.h>

/* A file, symlink or tree. What is not there is fine. */
int tree_remove_at(int directory_fd, const char *name, struct atomicdir_error *error);

#endif
