/* SPDX-License-Identifier: ISC
 *
 * A generation's line: what was live when it was first published, what was live when that one was, and so on back. Numbers in falling
 * order, held as runs: a run from 41 to 38 is every generation between them that was there when the line was made. No number is used
 * twice, so no other one can come to be between them, and a line is short however many generations are kept.
 */
#ifndef DIR_LINE_H
#define DIR_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct line_run {
	int64_t high, low;
};
struct line {
	struct line_run *runs;
	size_t count;
};

void line_clear(struct line *line);
/* A number below the last one. `joins`: no generation is between them. -1: no memory. */
int line_add(struct line *line, int64_t number, bool joins);
/* What another line has below a number, which is no more than the last one of this line. -1: no memory. */
int line_append(struct line *line, const struct line *other, int64_t below);
bool line_has(const struct line *line, int64_t number);

/* "41-38 36 30-1". What follows a mistake is left out, so that a damaged text is a shorter line. */
int line_parse(struct line *line, const char *text);
int line_print(const struct line *line, struct buffer *text);

#endif
