/* SPDX-License-Identifier: ISC
 *
 * A fetcher's whole life: read the request, get each secret once, say what is to be published, as fields on standard output:
 *
 *	index I, path PATH, source SECRET, version ID, value BYTES      each file; value ends it; before it may stand
 *	created SECONDS                                                 when that version was made, since 1970
 *	place WHERE                                                     where it is from, if another one ought to have been asked
 *	index I, absent ""                                              an optional one that is not there
 *	warning TEXT
 *	index I, arn ARN, kms-key KEY                                   where it was asked to describe: each secret; KEY may be ""
 *	index I, unknown WHY
 *	done COUNT, or error "KIND TEXT", with which it also ends
 */
#ifndef FETCH_SERVE_H
#define FETCH_SERVE_H

#include "fetch/request.h"
#include "fetch/source.h"

typedef struct source *(*source_open_fn)(const struct request *request, struct atomicdir_error *error);

/* The exit status. */
int serve(source_open_fn open);

#endif
