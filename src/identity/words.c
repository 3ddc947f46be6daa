/* SPDX-License-Identifier: ISC */
#include "identity/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

void words_clear(struct words *words)
{
	free(words->items);
	wiping_free(words->text);
	*words = (struct words){ 0 };
}

/* To shlex, no others are. */
static bool is_space(char c)
{
	return c && strchr(" \t\r\n", c);
}

/* One word, to where `out` is; gives where it ends, or NULL where it does not. */
static const char *take_word(const char *c, char **out)
{
	for (char quote = '\0'; quote || (*c && !is_space(*c)); c++) {
		if (!*c)
			return NULL;
		if (*c == quote) {
			quote = '\0';
		} else if (!quote && (*c == '\'' || *c == '"')) {
			quote = *c;
		} else if (*c == '\\' && (!quote || (quote == '"' && c[1] && strchr("\"\\", c[1])))) {
			if (!*++c)
				return NULL;
			*(*out)++ = *c;
		} else {
			*(*out)++ = *c;
		}
	}
	*(*out)++ = '\0';
	return c;
}

int words_split(const char *line, struct words *words)
{
	size_t size = strlen(line);
	char *out;

	/* Not more words than every other byte, nor more bytes than there are. */
	*words = (struct words){ .items = calloc(size / 2 + 2, sizeof(char *)), .text = wiping_malloc(size + 1) };
	out = words->text;
	if (!words->items || !out) {
		words_clear(words);
		return -1;
	}
	for (;;) {
		while (is_space(*line))
			line++;
		if (!*line)
			return 0;
		words->items[words->count++] = out;
		line = take_word(line, &out);
		if (!line) {
			words_clear(words);
			return 1;
		}
	}
}
