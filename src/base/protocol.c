/* SPDX-License-Identifier: ISC */
#include "base/protocol.h"

#include <errno.h>
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

static int told_take(struct told *told, const char *word, const struct record *request, struct atomicdir_error *error)
{
	const struct field *first = request->fields;

	if (!request->count || !field_is(first, word) || !field_text(first) || strcmp(field_text(first), PROTOCOL_VERSION) != 0)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the request is of another version of the protocol");
	for (size_t i = 1; i < request->count; i++) {
		const char *text = field_text(&request->fields[i]);

		if (!field_is(&request->fields[i], WORD_OPTION) || !text)
			return error_set(error, ATOMICDIR_FAILED, request->fields[i].name,
					 "the request has a field that is not known");
		if (told_add(told, text) < 0)
			return error_errno(error, NULL, "cannot read the request");
	}
	return 0;
}

int told_read(struct field_reader *reader, const char *word, struct told *told, struct atomicdir_error *error)
{
	cleanup_record struct record request = { 0 };
	int got = record_read(reader, &request);

	if (got < 0 && errno != ENODATA)
		return error_errno(error, NULL, "cannot read the request");
	return got > 0 ? told_take(told, word, &request, error)
		       : error_set(error, ATOMICDIR_FAILED, NULL, "the request is not whole");
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

int protocol_add_failure(struct buffer *output, const char *word, const struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };

	return error_print(error, &text) < 0 ? -1 : field_add_text(output, word, text.bytes);
}

int protocol_add_error(struct buffer *output, const struct atomicdir_error *error)
{
	return protocol_add_failure(output, WORD_ERROR, error);
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
