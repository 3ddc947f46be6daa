/* SPDX-License-Identifier: ISC */
#include "base/json_write.h"

#include <inttypes.h>

static void json_keep(struct json_writer *json, int result)
{
	json->is_broken = json->is_broken || result < 0;
}

static void json_add_line(struct json_writer *json)
{
	if (json->is_indented)
		json_keep(json, buffer_printf(json->text, "\n%*s", 2 * json->depth, ""));
}

static bool json_is_first(const struct json_writer *json)
{
	const struct buffer *text = json->text;

	return !text->size || text->bytes[text->size - 1] == '[' || text->bytes[text->size - 1] == '{';
}

/* Adds what stands before a value: a comma, a new line, the name. */
static void json_add_name(struct json_writer *json, const char *name)
{
	if (!json_is_first(json))
		json_keep(json, buffer_add_text(json->text, ","));
	if (json->depth)
		json_add_line(json);
	if (!name)
		return;
	json_keep(json, buffer_add_json(json->text, name));
	json_keep(json, buffer_add_text(json->text, json->is_indented ? ": " : ":"));
}

void json_write_begin(struct json_writer *json, const char *name, char bracket)
{
	json_add_name(json, name);
	json_keep(json, buffer_add(json->text, &bracket, 1));
	json->depth++;
}

void json_write_end(struct json_writer *json, char bracket)
{
	json->depth--;
	if (!json_is_first(json))
		json_add_line(json);
	json_keep(json, buffer_add(json->text, &bracket, 1));
}

void json_write_text(struct json_writer *json, const char *name, const char *text)
{
	json_add_name(json, name);
	json_keep(json, buffer_add_json(json->text, text));
}

void json_write_number(struct json_writer *json, const char *name, int64_t number)
{
	json_add_name(json, name);
	json_keep(json, buffer_printf(json->text, "%" PRId64, number));
}

void json_write_flag(struct json_writer *json, const char *name, bool is_true)
{
	json_add_name(json, name);
	json_keep(json, buffer_add_text(json->text, is_true ? "true" : "false"));
}

void json_write_null(struct json_writer *json, const char *name)
{
	json_add_name(json, name);
	json_keep(json, buffer_add_text(json->text, "null"));
}
