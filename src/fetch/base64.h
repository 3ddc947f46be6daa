/* SPDX-License-Identifier: ISC
 *
 * Base64 as RFC 4648, section 4, has it, and nothing else: no other alphabet, no missing padding, no bits left over.
 */
#ifndef FETCH_BASE64_H
#define FETCH_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"

/* With `lines`, line ends between the characters are skipped, as base64(1) and PEM make them. 0: done; 1: it is not base64;
 * -1 with ENOMEM. What was appended by then stays. */
int base64_decode(const char *text, size_t size, bool lines, struct buffer *buffer);

#endif
