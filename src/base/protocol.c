/* SPDX-License-Identifier: ISC */
#include "base/protocol.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/url.h"

#define TEXT_MAX 900 /* of another program, so that there is room to say more */

/* ---- Options ---- */

int told_add(struct told *told, const char *option)
{
	char **item = array_add(&told->items, &told->count, sizeof(*item));

	if (!item)
		return -1;
	*item = strdup(option);
	return *item ? 0 : -1;
}

int told_add_value(struct told *told, const char *name, const char *value, size_t size)
{
	cleanup_free char *option = NULL;

	if (!size)
		return 0;
	return asprintf(&option, "%s=%.*s", name, (int)size, value) < 0 ? -1 : told_add(told, option);
}

const char *told_next(const struct told *told, const char *name, size_t *from)
{
	size_t size = strlen(name);

	while (*from < told->count) {
		const char *option = told->items[(*from)++];

		if (option && strncmp(option, name, size) == 0 && option[size] == '=' && option[size + 1])
			return option + size + 1;
	}
	return NULL;
}

const char *told_option(const struct told *told, const char *name)
{
	size_t from = 0;

	return told_next(told, name, &from);
}

void told_clear(struct told *told)
{
	for (size_t i = 0; i < told->count; i++)
		free(told->items[i]);
	free(told->items);
	*told = (struct told){ 0 };
}

/* ---- Errors ---- */

static int error_print(const struct atomicdir_error *error, struct buffer *text)
{
	if (buffer_printf(text, "%d %s", error->kind ? error->kind : ATOMICDIR_FAILED, error->text) < 0)
		return -1;
	text_hide_users(text->bytes);
	return 0;
}

int protocol_add_error(struct buffer *output, const struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };

	return error_print(error, &text) < 0 ? -1 : field_add_text(output, WORD_ERROR, text.bytes);
}

int protocol_put_error(struct record *record, const struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };

	return error_print(error, &text) < 0 ? -1 : record_add_text(record, WORD_ERROR, text.bytes);
}

static bool is_kind_known(long kind)
{
	return kind == ATOMICDIR_FAILED || kind == ATOMICDIR_USAGE ||
	       (kind >= ATOMICDIR_UNREACHABLE && kind <= ATOMICDIR_NOT_FOUND);
}

int protocol_take_error(const char *text, struct atomicdir_error *error)
{
	char *rest = NULL;
	long kind = strtol(text, &rest, 10);

	if (!is_kind_known(kind) || *rest != ' ' || !rest[1])
		return -1;
	protocol_take_text(rest + 1, error);
	if (error)
		error->kind = (int)kind;
	return 0;
}

void protocol_take_text(const char *text, struct atomicdir_error *error)
{
	if (!error)
		return;
	error_clear(error);
	snprintf(error->text, sizeof(error->text), "%.*s", TEXT_MAX, text);
	text_sanitise(error->text);
}
