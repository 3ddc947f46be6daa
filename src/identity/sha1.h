/* SPDX-License-Identifier: ISC
 *
 * SHA-1 (RFC 3174), by which the AWS CLI names the files of its cache. It protects nothing here, and libcrypto would take longer to
 * load than all else that identity-aws does.
 */
#ifndef IDENTITY_SHA1_H
#define IDENTITY_SHA1_H

#include <stddef.h>

#define SHA1_DIGITS 40

/* Prints it in hexadecimal digits, and a NUL. */
void sha1_print(const void *bytes, size_t size, char digits[static SHA1_DIGITS + 1]);

#endif
