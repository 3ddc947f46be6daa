/* SPDX-License-Identifier: ISC
 *
 * Claim: a line is split into the words that Python's shlex finds, or refused with it
 */
#include <stdlib.h>
#include <string.h>

#include "identity/words.h"
#include "fuzz.h"

/* What a byte does, by where it stands: between words, in one, in quotes of each kind, or after a backslash there. */
enum state { BETWEEN, INSIDE, SINGLE, DOUBLE, ESCAPED, DOUBLE_ESCAPED };

static enum state step(enum state state, char c, struct buffer *word)
{
	if (state == ESCAPED || (state == DOUBLE_ESCAPED && strchr("\"\\", c))) {
		must(buffer_add(word, &c, 1) == 0);
		return state == ESCAPED ? INSIDE : DOUBLE;
	}
	if (state == DOUBLE_ESCAPED) {
		must(buffer_add(word, "\\", 1) == 0);
		state = DOUBLE;
	}
	if ((state == SINGLE && c == '\'') || (state == DOUBLE && c == '"'))
		return INSIDE;
	if (state == DOUBLE && c == '\\')
		return DOUBLE_ESCAPED;
	if (state < SINGLE && strchr(" \t\r\n", c))
		return BETWEEN;
	if (state < SINGLE && c == '\\')
		return ESCAPED;
	if (state < SINGLE && strchr("'\"", c))
		return c == '"' ? DOUBLE : SINGLE;
	must(buffer_add(word, &c, 1) == 0);
	return state < SINGLE ? INSIDE : state;
}

/* Written a second time here, on purpose: the words, each with a NUL after it; false: the line ends too early. */
static bool split(const char *line, struct buffer *words)
{
	enum state state = BETWEEN;

	for (; *line; line++) {
		enum state next = step(state, *line, words);

		if (next == BETWEEN && state != BETWEEN)
			must(buffer_add(words, "", 1) == 0);
		state = next;
	}
	if (state == INSIDE)
		must(buffer_add(words, "", 1) == 0);
	return state < SINGLE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_copy(data, size);
	struct words words;
	struct buffer wanted = { 0 };
	const char *at;
	int result = words_split(line, &words);

	must(buffer_reserve(&wanted, 1) == 0);
	must(result == (split(line, &wanted) ? 0 : 1));
	at = wanted.bytes;
	for (size_t i = 0; i < words.count; i++) {
		must(at < wanted.bytes + wanted.size && strcmp(words.items[i], at) == 0);
		at += strlen(at) + 1;
	}
	must(result || (at == wanted.bytes + wanted.size && !words.items[words.count]));
	words_clear(&words);
	buffer_clear(&wanted);
	free(line);
	return 0;
}
