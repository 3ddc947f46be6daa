/* SPDX-License-Identifier: ISC */
#include "fetch/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Four characters, of which the last one or two may be '='. 0, 1 or -1 as above. */
static int decode_group(const char group[4], struct buffer *buffer)
{
	size_t padding = group[3] == '=' ? 1 + (group[2] == '=') : 0;
	uint32_t bits = 0;
	unsigned char bytes[3];

	for (size_t i = 0; i < 4; i++) {
		const char *found = group[i] ? strchr(alphabet, group[i]) : NULL;

		if (i < 4 - padding && !found)
			return 1;
		bits = bits << 6 | (i < 4 - padding ? (uint32_t)(found - alphabet) : 0);
	}
	if ((padding == 1 && bits & 0xff) || (padding == 2 && bits & 0xffff))
		return 1;
	bytes[0] = (unsigned char)(bits >> 16);
	bytes[1] = (unsigned char)(bits >> 8);
	bytes[2] = (unsigned char)bits;
	return buffer_add(buffer, bytes, 3 - padding);
}

int base64_decode(const char *text, size_t size, bool lines, struct buffer *buffer)
{
	char group[4];
	size_t count = 0;
	bool is_over = false;

	for (size_t i = 0; i < size; i++) {
		int result;

		if (lines && (text[i] == '\n' || text[i] == '\r'))
			continue;
		if (is_over)
			return 1;
		group[count++] = text[i];
		if (count < 4)
			continue;
		result = decode_group(group, buffer);
		if (result != 0)
			return result;
		is_over = group[3] == '=';
		count = 0;
	}
	return count ? 1 : 0;
}
