/* SPDX-License-Identifier: ISC */
#include "fetch/format.h"

#include <string.h>

static bool env_is_name(const char *key, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789";

	/* A NUL ends the span, so that a key with one in it is no name. */
	return size && strspn(key, letters) == size && strspn(key, "0123456789") == 0;
}

/* What the three readers take in different ways. Between single quotes they agree on all else, line ends included. */
static const char *env_refuse(const struct json *member)
{
	if (!env_is_name(member->key, member->key_size))
		return "it is not a name of letters, digits and '_' that begins with no digit";
	if (member->type == JSON_OBJECT || member->type == JSON_ARRAY)
		return "its value is an object or an array";
	if (member->type != JSON_STRING)
		return NULL;
	if (memchr(member->text, '\'', member->size))
		return "its value contains a single quote";
	if (memchr(member->text, '\0', member->size))
		return "its value contains a NUL byte";
	if (memchr(member->text, '\r', member->size))
		return "its value contains a carriage return";
	return NULL;
}

static int env_add(const struct json *member, struct buffer *buffer)
{
	if (buffer_add(buffer, member->key, member->key_size) < 0 || buffer_add_text(buffer, "='") < 0 ||
	    (member->type != JSON_NULL && json_value(member, buffer) < 0))
		return -1;
	return buffer_add_text(buffer, "'\n");
}

static int env_write(const struct json *object, struct buffer *buffer, struct format_refusal *refusal)
{
	for (const struct json *member = object->first; member; member = member->next) {
		*refusal = (struct format_refusal){ member, env_refuse(member) };
		if (refusal->why)
			return 1;
		if (env_add(member, buffer) < 0)
			return -1;
	}
	return 0;
}

int format_object(const char *format, const struct json *object, struct buffer *buffer, struct format_refusal *refusal)
{
	*refusal = (struct format_refusal){ NULL, "the value is JSON, but no object, so it has no keys" };
	if (object->type != JSON_OBJECT)
		return 1;
	/* So that there is something even where nothing is in it. */
	if (buffer_reserve(buffer, 1) < 0)
		return -1;
	return strcmp(format, "env") == 0 ? env_write(object, buffer, refusal) : json_value(object, buffer);
}
