/* SPDX-License-Identifier: ISC */
#include "dir/line.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "dir/name.h"

void line_clear(struct line *line)
{
	free_pointer(&line->runs);
	line->count = 0;
}

static int line_add_run(struct line *line, int64_t high, int64_t low)
{
	struct line_run *added = array_add(&line->runs, &line->count, sizeof(*added));

	if (!added)
		return -1;
	*added = (struct line_run){ high, low };
	return 0;
}

int line_add(struct line *line, int64_t number, bool joins)
{
	if (!joins || !line->count)
		return line_add_run(line, number, number);
	line->runs[line->count - 1].low = number;
	return 0;
}

static int64_t line_end(const struct line *line)
{
	return line->count ? line->runs[line->count - 1].low : NAME_NUMBER_MAX + 1;
}

int line_append(struct line *line, const struct line *other, int64_t below)
{
	for (size_t i = 0; i < other->count; i++) {
		const struct line_run *run = &other->runs[i];

		if (run->low < below && line_add_run(line, run->high < below ? run->high : below - 1, run->low) < 0)
			return -1;
	}
	return 0;
}

/* 0: the number is in the run. The runs fall, so what is below a run is after it. */
static int line_compare(const void *number, const void *run)
{
	const struct line_run *one = run;
	int64_t wanted = *(const int64_t *)number;

	return (wanted < one->low) - (wanted > one->high);
}

bool line_has(const struct line *line, int64_t number)
{
	return line->count && bsearch(&number, line->runs, line->count, sizeof(*line->runs), line_compare);
}

/* "41-38" or "36", below `end`. NULL: it is neither. */
static const char *line_parse_run(const char *text, int64_t end, struct line_run *run)
{
	char *rest;

	run->high = run->low = strtoll(text, &rest, 10);
	if (rest != text && *rest == '-')
		run->low = strtoll(rest + 1, &rest, 10);
	if (rest == text || (*rest && *rest != ' ') || run->low < 1 || run->low > run->high || run->high >= end)
		return NULL;
	return rest;
}

int line_parse(struct line *line, const char *text)
{
	struct line_run run;

	while (*text && (text = line_parse_run(text, line_end(line), &run))) {
		if (line_add_run(line, run.high, run.low) < 0)
			return -1;
		text += *text == ' ';
	}
	return 0;
}

int line_print(const struct line *line, struct buffer *text)
{
	int done = 0;

	for (size_t i = 0; done == 0 && i < line->count; i++) {
		const struct line_run *run = &line->runs[i];

		done = buffer_printf(text, i ? " %" PRId64 : "%" PRId64, run->high);
		if (done == 0 && run->low != run->high)
			done = buffer_printf(text, "-%" PRId64, run->low);
	}
	return done;
}
