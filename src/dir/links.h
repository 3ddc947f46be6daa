/* SPDX-License-Identifier: ISC
 *
 * Symlinks in a tree that is to be published: where they lead, seen from the place that the tree will have.
 */
#ifndef DIR_LINKS_H
#define DIR_LINKS_H

#include "dir/tree.h"

/* Refuses a relative symlink that leaves the tree below `top_fd`: it would lead elsewhere once the tree is published. */
int links_check(int top_fd, const struct walk_entry *entry, struct atomicdir_error *error);

#endif
