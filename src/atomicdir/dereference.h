/* SPDX-License-Identifier: ISC
 *
 * fill --from --dereference: copies a tree, and in place of every symlink what it points to.
 */
#ifndef ATOMICDIR_DEREFERENCE_H
#define ATOMICDIR_DEREFERENCE_H

#include <atomicdir.h>

int dereference_copy(struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error);

#endif
