/* SPDX-License-Identifier: ISC
 *
 * UTF-8 as RFC 3629 has it: nothing overlong, no surrogates, nothing above U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Returns how many bytes the character at `text` has; 0: there is no valid one. A NUL must follow the text. */
size_t utf8_length(const unsigned char *text);
/* The same, but 0 for a control code too, since terminals obey these. */
size_t utf8_printable_length(const unsigned char *text);
/* Whether all bytes are valid UTF-8. NULs may be among them, and one must follow them. */
bool utf8_is_valid(const char *text, size_t size);

#endif
