/* SPDX-License-Identifier: ISC
 *
 * A source that is a file: what `aws secretsmanager batch-get-secret-value` or `get-secret-value` prints, or a plain object of
 * names and values.
 */
#ifndef FETCH_FILE_H
#define FETCH_FILE_H

#include "fetch/request.h"
#include "fetch/source.h"

/* The descriptor of the file that is asked for, before anything of it is read. */
int file_open(const struct request *request, struct atomicdir_error *error);
/* Reads and parses it; the descriptor stays the caller's. */
struct source *file_read(int fd, const struct request *request, struct atomicdir_error *error);

#endif
