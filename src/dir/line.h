/* SPDX-License-Identifier: ISC
 *
 * A generation's line: the generation that was live when it was first published, then the one that was live when that was
 * first published, and so on. The numbers fall, and are stored as runs: the run 41-38 means each generation from 41 down to 38
 * that existed when the line was made. Numbers are never reused, so no generation can be added to a run later. A line is short
 * even if thousands of generations are kept.
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
/* Adds a number, lower than all before. `joins`: it continues the last run, since no generation is between them. -1: no
 * memory. */
int line_add(struct line *line, int64_t number, bool joins);
/* Appends the part of another line that is below a number; that number is at most the last one of this line. -1: no memory. */
int line_append(struct line *line, const struct line *other, int64_t below);
bool line_has(const struct line *line, int64_t number);

/* Parses "41-38 36 30-1". Parsing stops at the first mistake, so a damaged text gives a shorter line. */
int line_parse(struct line *line, const char *text);
int line_print(const struct line *line, struct buffer *text);

#endif
