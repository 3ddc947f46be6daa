/* SPDX-License-Identifier: ISC
 *
 * Points at which the program can be broken on purpose, so that a test can show that it would notice. tests/power/broken.tsv lists
 * them. In a normal build is_broken() is the constant false, and the compiler leaves nothing of a point. A build with
 * -DATOMICDIR_BROKEN_POINTS, which is never installed, is broken at the point that the environment variable ATOMICDIR_BROKEN names.
 */
#ifndef BASE_BROKEN_H
#define BASE_BROKEN_H

#include <stdbool.h>

#ifdef ATOMICDIR_BROKEN_POINTS

#include <stdlib.h>
#include <string.h>

static inline bool is_broken(const char *point)
{
	const char *broken = getenv("ATOMICDIR_BROKEN");

	return broken && strcmp(broken, point) == 0;
}

#else

#define is_broken(point) false

#endif

#endif
