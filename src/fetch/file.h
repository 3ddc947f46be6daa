/* SPDX-License-Identifier: ISC
 *
 * A source that is a file: what `aws secretsmanager batch-get-secret-value` or `get-secret-value` prints, or a plain object of
 * names and values.
 */
#ifndef FETCH_FILE_H
#define FETCH_FILE_H

#include "fetch/request.h"
#include "fetch/source.h"

struct source *file_open(struct request *request, struct atomicdir_error *error);

#endif
