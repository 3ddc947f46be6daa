/* SPDX-License-Identifier: ISC
 *
 * Whether two trees are the same to their readers: bytes, names, types, link texts, modes and owners; not times.
 */
#ifndef DIR_COMPARE_H
#define DIR_COMPARE_H

#include <stdbool.h>

#include <atomicdir.h>

/* What differs, gathered; in the order of paths. */
struct changes;
struct changes *changes_new(void);
void changes_free(struct changes **changes);
#define cleanup_changes cleanup(changes_free)
/* As one block of memory that free(3) ends; NULL for none. How many; -1: no memory. */
int changes_take(const struct changes *changes, struct atomicdir_change **list);

/* KEEP_TIMES: every regular file of b that has a's bytes takes a's modification time. EXACT: what cannot be read is an error; else
 * it counts as different, so that a damaged live generation can be replaced. */
enum { COMPARE_KEEP_TIMES = 1, COMPARE_EXACT = 2 };
/* What became of `a_fd` (-1: nothing) in `b_fd`. Without `changes` it stops at the first difference, unless it keeps times.
 * 1: they differ. */
int tree_compare(int a_fd, int b_fd, struct changes *changes, unsigned how, struct atomicdir_error *error);

#endif
