/* SPDX-License-Identifier: ISC */
#include "dir/name.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

static bool name_is_special(const char *text, size_t size)
{
	return (size == 1 && text[0] == '.') || (size == 2 && text[0] == '.' && text[1] == '.');
}

static int name_is_too_long(const char *link, struct atomicdir_error *error)
{
	error_system(error, ENAMETOOLONG, link, "cannot publish at");
	error->kind = ATOMICDIR_USAGE;
	return -1;
}

int name_init(struct name *name, const char *link, struct atomicdir_error *error)
{
	size_t size = link ? strlen(link) : 0, start;

	*name = (struct name){ 0 };
	while (size > 1 && link[size - 1] == '/')
		size--;
	for (start = size; start > 0 && link[start - 1] != '/'; start--)
		;
	if (!size)
		return error_set(error, ATOMICDIR_USAGE, NULL, "LINK is empty; it must end in a name");
	if (start == size || name_is_special(link + start, size - start))
		return error_object(error, ATOMICDIR_USAGE, link, "cannot be used as LINK: it must end in a name");
	if (size - start >= sizeof(name->base) || start >= sizeof(name->parent))
		return name_is_too_long(link, error);
	memcpy(name->link, link, size);
	memcpy(name->base, link + start, size - start);
	memcpy(name->swapped, link, size);
	if (!start)
		name->parent[0] = '.';
	else
		memcpy(name->parent, link, start > 1 ? start - 1 : 1); /* without its last slash */
	return 0;
}

static void name_store_path(struct name *name)
{
	const char *parent = strcmp(name->parent, ".") == 0 ? "" : name->parent;

	snprintf(name->store_path, sizeof(name->store_path), "%s%s%s", parent, *parent && strcmp(parent, "/") != 0 ? "/" : "",
		 name->store);
}

int name_enter(struct name *name, const char *base, const char *store, struct atomicdir_error *error)
{
	size_t size = strlen(name->link);

	if (size >= sizeof(name->parent))
		return name_is_too_long(name->link, error);
	memcpy(name->parent, name->link, size + 1);
	snprintf(name->swapped, sizeof(name->swapped), "%s/%s", name->parent, base);
	snprintf(name->base, sizeof(name->base), "%s", base);
	snprintf(name->store, sizeof(name->store), "%s", store);
	name_store_path(name);
	return 0;
}

/* FNV-1a: tells long names of one directory apart; nobody but their owner chooses them. */
static uint64_t name_hash(const char *text)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return value;
}

void name_store(struct name *name, bool is_visible, long limit)
{
	size_t most = limit > 64 && limit < NAME_SIZE ? (size_t)limit : NAME_SIZE - 1;
	const char *dot = is_visible ? "" : ".";
	size_t fixed = strlen(dot) + sizeof(NAME_STORE_SUFFIX) - 1;

	if (strlen(name->base) + fixed <= most)
		snprintf(name->store, sizeof(name->store), "%s%.*s" NAME_STORE_SUFFIX, dot, (int)(most - fixed), name->base);
	else
		snprintf(name->store, sizeof(name->store), "%s%.*s~%016" PRIx64 NAME_STORE_SUFFIX, dot,
			 (int)(most - fixed - 17), name->base, name_hash(name->base));
	name_store_path(name);
}

void name_number(char text[static NAME_NUMBER_SIZE], int64_t number, const char *suffix)
{
	snprintf(text, NAME_NUMBER_SIZE, "%06" PRId64 "%s", number, suffix);
}

int64_t name_parse_number(const char *text, const char **suffix)
{
	int64_t number = 0;
	size_t digits = 0;

	for (; text[digits] >= '0' && text[digits] <= '9'; digits++)
		if ((number = number * 10 + (text[digits] - '0')) > NAME_NUMBER_MAX)
			return 0;
	if (digits < 6 || (digits > 6 && text[0] == '0'))
		return 0;
	*suffix = text + digits;
	return number;
}

void name_link_text(const struct name *name, int64_t number, char *text, size_t size)
{
	snprintf(text, size, "%s%s%06" PRId64, name->is_in_store ? "" : name->store, name->is_in_store ? "" : "/", number);
}

int64_t name_parse_link_text(const struct name *name, const char *text)
{
	size_t size = name->is_in_store ? 0 : strlen(name->store) + 1;
	const char *rest = "";
	int64_t number;

	if (size && (strncmp(text, name->store, size - 1) != 0 || text[size - 1] != '/'))
		return 0;
	number = name_parse_number(text + size, &rest);
	return *rest ? 0 : number;
}
