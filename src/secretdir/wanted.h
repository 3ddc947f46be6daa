/* SPDX-License-Identifier: ISC
 *
 * All that a command line asks for: its operands, its files of entries and its spec.
 */
#ifndef SECRETDIR_WANTED_H
#define SECRETDIR_WANTED_H

#include "command/options.h"
#include "secretdir/entry.h"
#include "secretdir/spec.h"

/* Entries begin at this operand. USAGE. */
int wanted_take(const struct options *options, int first, struct entries *entries, struct spec *spec,
		struct atomicdir_error *error);

#endif
