/* SPDX-License-Identifier: ISC
 *
 * Everything that the command line asks for: operands, files of entries, and the spec.
 */
#ifndef SECRETDIR_WANTED_H
#define SECRETDIR_WANTED_H

#include "secretdir/entry.h"
#include "secretdir/options.h"
#include "secretdir/spec.h"

/* The operands are entries from the number `first` on. USAGE. */
int wanted_read(const struct secret_options *options, int first, struct entries *entries, struct spec *spec,
		struct atomicdir_error *error);

/* The same, as one process of ours leaves it to others in a file, which is then read from its beginning. FAILED. */
int wanted_write(const struct entries *entries, const struct spec *spec, int fd, struct atomicdir_error *error);
int wanted_load(int fd, struct entries *entries, struct spec *spec, struct atomicdir_error *error);

#endif
