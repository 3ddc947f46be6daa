/* SPDX-License-Identifier: ISC */
#include "base/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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

static void json_add_base64(struct json_writer *json, const unsigned char *bytes, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		unsigned group =
			(unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
		char four[] = { digits[group >> 18], digits[group >> 12 & 63], left > 1 ? digits[group >> 6 & 63] : '=',
				left > 2 ? digits[group & 63] : '=' };

		json_keep(json, buffer_add(json->text, four, sizeof(four)));
	}
}

void json_write_path(struct json_writer *json, const char *name, const char *path)
{
	char also[64];

	json_write_text(json, name, path);
	if (utf8_is_valid(path, strlen(path)))
		return;
	snprintf(also, sizeof(also), "%s_base64", name);
	json_add_name(json, also);
	json_keep(json, buffer_add_text(json->text, "\""));
	json_add_base64(json, (const unsigned char *)path, strlen(path));
	json_keep(json, buffer_add_text(json->text, "\""));
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
