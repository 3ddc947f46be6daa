/* SPDX-License-Identifier: ISC
 *
 * A spec: YAML, which spec-yaml reads for us.
 */
#ifndef SECRETDIR_SPEC_H
#define SECRETDIR_SPEC_H

#include "command/options.h"
#include "secretdir/entry.h"

struct spec {
	char *region, *failover_region; /* NULL: it says none */
};

/* "-": standard input. USAGE; its warnings are reported. */
int spec_read(struct spec *spec, const struct options *options, struct entries *entries, struct atomicdir_error *error);
void spec_clear(struct spec *spec);

#endif
