/* SPDX-License-Identifier: ISC */
#include "process/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool variable_matches(const char *variable, const char *pattern)
{
	size_t size = strcspn(pattern, "*");

	if (strncmp(variable, pattern, size) != 0)
		return false;
	return pattern[size] == '*' || variable[size] == '=';
}

static bool variable_matches_any(const char *variable, const char *const *patterns)
{
	if (!patterns)
		return true;
	for (; *patterns; patterns++)
		if (variable_matches(variable, *patterns))
			return true;
	return false;
}

static void variable_free(char *variable)
{
	if (variable)
		explicit_bzero(variable, strlen(variable));
	free(variable);
}

/* Adds the variable and owns it; NULL: there was no memory for it. */
static void environment_add(struct environment *environment, char *variable)
{
	char **items = variable ? reallocarray(environment->items, environment->count + 2, sizeof(*items)) : NULL;

	if (!items) {
		environment->is_incomplete = true;
		variable_free(variable);
		return;
	}
	environment->items = items;
	items[environment->count++] = variable;
	items[environment->count] = NULL;
}

void environment_inherit(struct environment *environment, const char *const *patterns)
{
	for (char **variable = environ; variable && *variable; variable++)
		if (variable_matches_any(*variable, patterns))
			environment_add(environment, strdup(*variable));
}

void environment_remove(struct environment *environment, const char *pattern)
{
	size_t kept = 0;

	for (size_t i = 0; i < environment->count; i++) {
		if (variable_matches(environment->items[i], pattern))
			variable_free(environment->items[i]);
		else
			environment->items[kept++] = environment->items[i];
	}
	environment->count = kept;
	if (environment->items)
		environment->items[kept] = NULL;
}

void environment_set(struct environment *environment, const char *name, const char *value)
{
	char *variable;

	environment_remove(environment, name);
	environment_add(environment, asprintf(&variable, "%s=%s", name, value) < 0 ? NULL : variable);
}

void environment_clear(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		variable_free(environment->items[i]);
	free(environment->items);
	*environment = (struct environment){ 0 };
}
