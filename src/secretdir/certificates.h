/* SPDX-License-Identifier: ISC
 *
 * When the certificates among the published files end, for metrics. certificate-dates parses them: it gets what lies between the lines
 * BEGIN CERTIFICATE and END CERTIFICATE, and so no key that shares a file with them.
 */
#ifndef SECRETDIR_CERTIFICATES_H
#define SECRETDIR_CERTIFICATES_H

#include <stdint.h>

#include <atomicdir.h>

#include "base/published.h"

struct certificates {
	struct certificate {
		const char *path;  /* of the published file; stays its owner's */
		int64_t not_after; /* since 1970; -1: it could not be read */
	} * items;
	size_t count;
};

/* Of the live generation. -1: it could not be found out, and why is the error. */
int certificates_find(struct certificates *certificates, const char *link, const struct published *published,
		      struct atomicdir_error *error);
void certificates_clear(struct certificates *certificates);

#endif
