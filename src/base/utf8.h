/* SPDX-License-Identifier: ISC
 *
 * UTF-8 as RFC 3629 has it: nothing overlong, no surrogates, nothing above U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes the sequence at `text` has; 0 if it is none. A NUL must follow the text. */
size_t utf8_length(const unsigned char *text);
/* The same; 0 also for a control code, which a terminal would obey. */
size_t utf8_printable_length(const unsigned char *text);
/* Whether all of it is UTF-8; it may hold NULs, and one must follow it. */
bool utf8_is_valid(const char *text, size_t size);

#endif
