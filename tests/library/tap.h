/* SPDX-License-Identifier: ISC
 *
 * TAP in a few lines. ok() takes the claim that it proves; done() ends the program.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

static inline bool ok(bool is_true, const char *claim)
{
	printf("%sok %d - %s\n", is_true ? "" : "not ", ++tap_count, claim);
	tap_failed += !is_true;
	fflush(stdout);
	return is_true;
}

static inline void skip(const char *claim, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, claim, reason);
}

static inline int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
