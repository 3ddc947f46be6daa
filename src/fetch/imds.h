/* SPDX-License-Identifier: ISC
 *
 * The metadata service of an EC2 instance: a token first, and without one only where that is allowed. What does not answer in time is
 * not there.
 */
#ifndef FETCH_IMDS_H
#define FETCH_IMDS_H

#include "fetch/http.h"

struct imds {
	struct http *http;
	struct buffer header; /* with the token; empty: none is needed */
	bool is_open;	      /* a token was asked for */
};

void imds_clear(struct imds *imds);
/* What stands at a path below /latest/meta-data/. 1; 0: there is no service, or nothing at that path (DENIED), and why is the error;
 * -1: it does not work. */
int imds_get(struct imds *imds, const char *path, struct buffer *text, struct atomicdir_error *error);

/* Where the instance is; on the heap. NULL: there is none. -1: it does not work. */
int imds_region(struct http *http, char **region, struct atomicdir_error *error);

#endif
