/* SPDX-License-Identifier: ISC
 *
 * A moment as text, in UTC: the one place that reads and writes ISO 8601. A moment is counted in seconds since 1970.
 */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include <stdint.h>

/* Reads what AWS and the AWS CLI write, with any time zone. -1: it is not such a text. */
int64_t moment_parse(const char *text);
/* Writes "2026-01-02T03:04:05Z"; "-" for a moment that no calendar holds. */
void moment_print(int64_t moment, char text[static 32]);

#endif
