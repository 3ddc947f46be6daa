/* SPDX-License-Identifier: ISC
 *
 * A fetcher's whole life: it reads the request, gets each secret once, and answers with what is to be published (base/protocol.h).
 */
#ifndef FETCH_SERVE_H
#define FETCH_SERVE_H

#include "fetch/request.h"
#include "fetch/source.h"

typedef struct source *(*source_open_fn)(struct request *request, struct atomicdir_error *error);

/* The exit status. */
int serve(source_open_fn open);

#endif
