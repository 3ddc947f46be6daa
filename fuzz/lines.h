/* SPDX-License-Identifier: ISC
 *
 * Inputs that are lines of text, "WORD REST": seeds that people can read and write. A target that reads them with this is also
 * mutated by them: whole lines are copied, moved and dropped, or one of them is changed inside.
 */
#ifndef FUZZ_LINES_H
#define FUZZ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct lines {
	char *text; /* a copy of the input, in which lines end in NUL */
	size_t size;
	size_t at; /* where the next one begins */
	char *word, *rest;
	size_t rest_size;
};

void lines_begin(struct lines *lines, const uint8_t *data, size_t size);
/* The next line. In what follows the first space, "\n", "\0", "\xNN" and "\\" stand for bytes; a NUL follows it. */
bool lines_next(struct lines *lines);
bool lines_is(const struct lines *lines, const char *word);
/* All that is left, as it stands. */
const char *lines_left(struct lines *lines, size_t *size);
void lines_end(struct lines *lines);

/* The line as a field of the protocol between secretdir and its fetchers; "raw REST" as just REST. */
void lines_add_field(const struct lines *lines, struct buffer *output);

/* libFuzzer's. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
