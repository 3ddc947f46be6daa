/* SPDX-License-Identifier: ISC
 *
 * Makes entries in the directory of a stage. Paths are relative and never go through a symlink; missing parent directories are
 * made. A directory without its owner's rights has them until the stage is sealed.
 */
#ifndef DIR_PUT_H
#define DIR_PUT_H

#include "dir/stage.h"

int put_check_path(const struct atomicdir_stage *stage, const char *path, struct atomicdir_error *error);
/* Returns the directory that `path` is to be made in; the stage owns that descriptor. *name: the last component of `path`. */
int put_parent(struct atomicdir_stage *stage, const char *path, const char **name, struct atomicdir_error *error);

int put_entry(struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error);
/* Puts an entry that was held. */
int put_held(struct atomicdir_stage *stage, size_t index, struct atomicdir_error *error);
/* Makes an empty file, and returns its descriptor. */
int put_opened(struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error);
/* Says of an entry that is refused with errno what making it would say. */
int put_refuse(const struct entry *entry, struct atomicdir_error *error);

#endif
