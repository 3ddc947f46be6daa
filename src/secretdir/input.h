/* SPDX-License-Identifier: ISC
 *
 * A text file that the command line names, or standard input for "-".
 */
#ifndef SECRETDIR_INPUT_H
#define SECRETDIR_INPUT_H

#include <atomicdir.h>

#include "base/buffer.h"

/* Appends the whole file, without a byte order mark. `what` names it in errors, as "the spec". USAGE. */
int input_read(const char *what, const char *path, size_t limit, struct buffer *content, struct atomicdir_error *error);

#endif
