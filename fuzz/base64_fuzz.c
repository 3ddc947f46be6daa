/* SPDX-License-Identifier: ISC
 *
 * Claim: base64 is taken exactly as RFC 4648 writes the same bytes, or not at all
 */
#include <stdlib.h>
#include <string.h>

#include "fetch/base64.h"
#include "fuzz.h"

static void encode(const struct buffer *bytes, struct buffer *text)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes->size; i += 3) {
		size_t left = bytes->size - i;
		unsigned char three[3] = { 0, 0, 0 };
		char four[4];

		memcpy(three, bytes->bytes + i, left < 3 ? left : 3);
		four[0] = alphabet[three[0] / 4];
		four[1] = alphabet[three[0] % 4 * 16 + three[1] / 16];
		four[2] = left > 1 ? alphabet[three[1] % 16 * 4 + three[2] / 64] : '=';
		four[3] = left > 2 ? alphabet[three[2] % 64] : '=';
		must(buffer_add(text, four, sizeof(four)) == 0);
	}
}

static void decode(const char *text, size_t size, bool lines)
{
	struct buffer bytes = { 0 }, plain = { 0 }, again = { 0 };

	for (size_t i = 0; i < size; i++)
		if (!lines || (text[i] != '\n' && text[i] != '\r'))
			must(buffer_add(&plain, text + i, 1) == 0);
	if (base64_decode(text, size, lines, &bytes) == 0) {
		encode(&bytes, &again);
		must(again.size == plain.size && (!again.size || memcmp(again.bytes, plain.bytes, again.size) == 0));
	}
	buffer_clear(&bytes);
	buffer_clear(&plain);
	buffer_clear(&again);
}

/* The input as text, and as what the text of such bytes says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size);
	struct buffer bytes = { 0 }, text = { 0 }, again = { 0 };

	decode(copy, size, false);
	decode(copy, size, true);
	must(buffer_add(&bytes, copy, size) == 0);
	encode(&bytes, &text);
	must(base64_decode(text.bytes ? text.bytes : "", text.size, false, &again) == 0);
	must(again.size == size && (!size || memcmp(again.bytes, copy, size) == 0));
	buffer_clear(&bytes);
	buffer_clear(&text);
	buffer_clear(&again);
	free(copy);
	return 0;
}
