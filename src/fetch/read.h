/* SPDX-License-Identifier: ISC
 *
 * Files that the user names: through symlinks, as Kubernetes makes them, and never waiting for a writer.
 */
#ifndef FETCH_READ_H
#define FETCH_READ_H

#include "base/buffer.h"

/* Appends all of it. -1 with errno; EFBIG: it is longer than the limit. */
int read_path(const char *path, size_t limit, struct buffer *buffer);

#endif
