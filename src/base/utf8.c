/* SPDX-License-Identifier: ISC */
#include "base/utf8.h"

/* Returns the length of a character by its first byte; 0: no character begins so. */
static size_t utf8_announced_length(unsigned char first)
{
	static const struct {
		unsigned char below;
		size_t length;
	} ranges[] = { { 0x80, 1 }, { 0xc2, 0 }, { 0xe0, 2 }, { 0xf0, 3 }, { 0xf5, 4 } };

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (first < ranges[i].below)
			return ranges[i].length;
	return 0;
}

size_t utf8_length(const unsigned char *text)
{
	size_t length = utf8_announced_length(text[0]);

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) ||
	    (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

size_t utf8_printable_length(const unsigned char *text)
{
	/* U+0080 to U+009F are control codes too. */
	return *text < 0x20 || *text == 0x7f || (*text == 0xc2 && text[1] < 0xa0) ? 0 : utf8_length(text);
}

bool utf8_is_valid(const char *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		size_t length = utf8_length((const unsigned char *)text + i);

		if (!length)
			return false;
		i += length;
	}
	return true;
}
