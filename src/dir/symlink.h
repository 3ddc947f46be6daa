/* SPDX-License-Identifier: ISC
 *
 * The symlink that a rename(2) swaps: what stands at its name, and steps 8, 10 and 11 for it. Layouts differ in where it is and in
 * what else belongs to it.
 */
#ifndef DIR_SYMLINK_H
#define DIR_SYMLINK_H

#include "dir/live.h"
#include "dir/outcome.h"
#include "dir/place.h"
#include "dir/sync.h"

int symlink_look(const struct place *place, struct live *live);
int symlink_prepare(const struct place *place, int64_t number, struct atomicdir_error *warning, struct atomicdir_error *error);
void symlink_forget(const struct place *place, int64_t number);
enum outcome symlink_swap(const struct place *place, int64_t number, const struct live *before, struct atomicdir_error *error);
int symlink_make_durable(const struct place *place, int64_t number, enum sync_way way, struct atomicdir_error *error);

/* Whose the symlinks are that lead to a generation: its top directory's owner. In a sticky directory that all may write to only such
 * a symlink is followed by its readers (fs.protected_symlinks, proc(5)). -1 with errno. */
int symlink_owner(const struct place *place, int64_t number, struct stat *top);

#endif
