/* SPDX-License-Identifier: ISC */
#include "identity/sha1.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 64
#define LENGTH_SIZE 8

static uint32_t rotate(uint32_t word, int bits)
{
	return word << bits | word >> (32 - bits);
}

/* RFC 3174, section 5. */
static uint32_t sha1_mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

/* Section 6.1. */
static void sha1_add_block(uint32_t state[5], const unsigned char block[BLOCK])
{
	uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

	for (int t = 0; t < 16; t++)
		words[t] = (uint32_t)block[t * 4] << 24 | (uint32_t)block[t * 4 + 1] << 16 | (uint32_t)block[t * 4 + 2] << 8 |
			   block[t * 4 + 3];
	for (int t = 16; t < 80; t++)
		words[t] = rotate(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1);
	for (int t = 0; t < 80; t++) {
		uint32_t next = rotate(a, 5) + sha1_mix(t, b, c, d) + e + words[t];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

/* What is left, a bit, zeros, and the length in bits: one block, or two. */
static void sha1_add_end(uint32_t state[5], const unsigned char *rest, size_t left, uint64_t size)
{
	unsigned char end[2 * BLOCK] = { 0 };
	size_t whole = left + 1 + LENGTH_SIZE <= BLOCK ? BLOCK : sizeof(end);

	memcpy(end, rest, left);
	end[left] = 0x80;
	for (size_t i = 0; i < LENGTH_SIZE; i++)
		end[whole - 1 - i] = (unsigned char)(size * 8 >> (8 * i));
	for (size_t at = 0; at < whole; at += BLOCK)
		sha1_add_block(state, end + at);
}

void sha1_print(const void *bytes, size_t size, char digits[static SHA1_DIGITS + 1])
{
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const unsigned char *at = bytes;
	size_t left = size;

	for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
		sha1_add_block(state, at);
	sha1_add_end(state, at, left, size);
	for (int i = 0; i < 5; i++)
		snprintf(digits + i * 8, 9, "%08x", state[i]);
}
