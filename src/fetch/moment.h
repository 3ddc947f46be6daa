/* SPDX-License-Identifier: ISC
 *
 * A moment as AWS writes it: ISO 8601.
 */
#ifndef FETCH_MOMENT_H
#define FETCH_MOMENT_H

#include <stdint.h>

/* Seconds since 1970; -1: this is no such moment. */
int64_t moment_parse(const char *text);
/* As "2026-01-02T03:04:05Z". */
void moment_print(int64_t moment, char text[static 32]);

#endif
