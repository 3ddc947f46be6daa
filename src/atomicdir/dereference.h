/* SPDX-License-Identifier: ISC
 *
 * fill --from --dereference: a tree is copied with every symlink in it replaced by what it points to.
 */
#ifndef ATOMICDIR_DEREFERENCE_H
#define ATOMICDIR_DEREFERENCE_H

#include <atomicdir.h>

int copy_following(struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error);

#endif
