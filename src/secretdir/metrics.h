/* SPDX-License-Identifier: ISC
 *
 * How things stand, as Prometheus' node exporter reads it from its textfile directory. Every instance prints the same HELP and TYPE,
 * and is told from the others by the label `link`; there are no timestamps, which would make the exporter pass over the file.
 */
#ifndef SECRETDIR_METRICS_H
#define SECRETDIR_METRICS_H

#include "base/buffer.h"
#include "base/published.h"
#include "secretdir/certificates.h"
#include "secretdir/standing.h"

/* Appends the text. `versions` NULL: no paths and versions are told. -1 with ENOMEM. */
int metrics_print(struct buffer *text, const char *link, const struct standing *standing, const struct published *versions,
		  const struct certificates *certificates);
/* Writes it to the file, by rename. With `is_naming` it tells the paths and versions of the live generation. FAILED. */
int metrics_write(const char *path, const char *link, const struct standing *standing, bool is_naming,
		  struct atomicdir_error *error);

#endif
