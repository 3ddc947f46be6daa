/* SPDX-License-Identifier: ISC
 *
 * Copying trees: bytes (as reflinks where the file system has them), modes, modification times, symlinks as they are, owners where we
 * may set them.
 */
#ifndef DIR_COPY_H
#define DIR_COPY_H

#include <stdbool.h>

#include <atomicdir.h>

/* A file, symlink or tree. With `merge` what is there already stays, and directories are merged; without it that is EEXIST. */
int tree_copy_at(int from_fd, const char *from_name, int to_fd, const char *to_name, bool merge, struct atomicdir_error *error);
/* What is in one directory into another, whose own mode, owner and time stay. */
int tree_copy_content(int from_fd, int to_fd, bool merge, struct atomicdir_error *error);

#endif
