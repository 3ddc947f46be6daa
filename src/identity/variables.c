/* SPDX-License-Identifier: ISC */
#include "identity/variables.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/protocol.h"
#include "base/record.h"

/* Each "NAME=VALUE", in a field WORD_VARIABLE. */
static struct record variables;

void variables_clear(void)
{
	record_clear(&variables);
}

int variables_read(int fd, struct atomicdir_error *error)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = fd };

	if (record_read(&reader, &variables) == 1)
		return 0;
	return error_set(error, ATOMICDIR_FAILED, NULL, "the environment was not handed over; secretdir starts this program");
}

const char *variable_find(const char *name, size_t size)
{
	for (size_t i = 0; i < variables.count; i++) {
		const char *text = field_text(&variables.fields[i]);

		if (text && strncmp(text, name, size) == 0 && text[size] == '=')
			return text + size + 1;
	}
	return NULL;
}

const char *variable_text(const char *name)
{
	const char *value = variable_find(name, strlen(name));

	return value && *value ? value : NULL;
}

void variables_give(struct environment *environment)
{
	for (size_t i = 0; i < variables.count; i++) {
		const char *text = field_text(&variables.fields[i]), *equals = text ? strchr(text, '=') : NULL;
		cleanup_free char *name = equals ? strndup(text, (size_t)(equals - text)) : NULL;

		if (name)
			environment_set(environment, name, equals + 1);
		else if (equals)
			environment->is_incomplete = true;
	}
}
