/* SPDX-License-Identifier: ISC */
#include "spec/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"

int answer_add_text(struct answer *answer, const char *name, const char *text, struct atomicdir_error *error)
{
	return field_add_text(&answer->fields, name, text) < 0 ? error_errno(error, NULL, "cannot take the spec") : 0;
}

int answer_entry(struct answer *answer, const struct place *place, struct atomicdir_error *error)
{
	char where[300];

	place_show(place, where, sizeof(where));
	answer->count++;
	return answer_add_text(answer, WORD_ENTRY, where, error);
}

int answer_add(struct answer *answer, const char *name, const char *text, struct atomicdir_error *error)
{
	return text && *text ? answer_add_text(answer, name, text, error) : 0;
}

int answer_option(struct answer *answer, const char *name, const char *value, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer option = { 0 };

	if (buffer_printf(&option, "%s=%s", name, value) < 0)
		return error_errno(error, NULL, "cannot take the spec");
	return answer_add_text(answer, WORD_OPTION, option.bytes, error);
}

int answer_warning(struct answer *answer, const struct place *place, const char *text, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer warning = { 0 };
	cleanup_buffer struct buffer line = { 0 };
	char where[300];

	if (buffer_printf(&line, "%s\n", text) < 0)
		return error_errno(error, NULL, "cannot take the spec");
	if (answer->warned.size && strstr(answer->warned.bytes, line.bytes))
		return 0;
	place_show(place, where, sizeof(where));
	if (buffer_add(&answer->warned, line.bytes, line.size) < 0 || buffer_printf(&warning, "%s: %s", where, text) < 0)
		return error_errno(error, NULL, "cannot take the spec");
	return answer_add_text(answer, WORD_WARNING, warning.bytes, error);
}

int answer_done(struct answer *answer, struct atomicdir_error *error)
{
	char count[32];

	snprintf(count, sizeof(count), "%zu", answer->count);
	return answer_add_text(answer, WORD_DONE, count, error);
}

void answer_clear(struct answer *answer)
{
	buffer_clear(&answer->fields);
	buffer_clear(&answer->warned);
}
