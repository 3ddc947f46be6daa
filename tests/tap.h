/* SPDX-License-Identifier: ISC
 *
 * TAP in a few lines. Each call takes the claim that it proves, and prints got and wanted where the claim does not hold. done() is
 * the exit status of the test.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static inline bool ok(bool is_true, const char *claim)
{
	printf("%sok %d - %s\n", is_true ? "" : "not ", ++tap_count, claim);
	tap_failed += !is_true;
	fflush(stdout);
	return is_true;
}

static inline bool is_int(long long got, long long wanted, const char *claim)
{
	if (ok(got == wanted, claim))
		return true;
	printf("#    got: %lld\n# wanted: %lld\n", got, wanted);
	return false;
}

/* NULL is a text of its own. */
static inline bool is_text(const char *got, const char *wanted, const char *claim)
{
	if (ok(got && wanted ? strcmp(got, wanted) == 0 : got == wanted, claim))
		return true;
	printf("#    got: %s\n# wanted: %s\n", got ? got : "NULL", wanted ? wanted : "NULL");
	return false;
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
