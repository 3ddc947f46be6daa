/* SPDX-License-Identifier: ISC
 *
 * When certificates end.
 */
#ifndef CERTIFICATE_DATES_H
#define CERTIFICATE_DATES_H

#include <stddef.h>
#include <stdint.h>

/* The earliest end of the certificates in these bytes, in PEM (RFC 7468), in seconds since 1970; -1: there is none that can be read. */
int64_t dates_find_end(const char *bytes, size_t size);

#endif
