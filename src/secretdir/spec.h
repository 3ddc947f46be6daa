/* SPDX-License-Identifier: ISC
 *
 * A spec: entries in YAML. The program spec-yaml parses it, so that no YAML is parsed where secrets are published.
 */
#ifndef SECRETDIR_SPEC_H
#define SECRETDIR_SPEC_H

#include "secretdir/entry.h"
#include "secretdir/options.h"

struct spec {
	char *region, *failover_region; /* NULL: the spec names none */
};

/* Adds the entries of the spec that the options name. Its warnings are reported. USAGE. */
int spec_read(struct spec *spec, const struct secret_options *options, struct entries *entries, struct atomicdir_error *error);
void spec_clear(struct spec *spec);

#endif
