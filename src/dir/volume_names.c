/* SPDX-License-Identifier: ISC */
#include "dir/volume_names.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/* ---- What stands at a name ---- */

/* Whether the text is ..atomicdir/NUMBER/NAME. */
static bool name_leads_to_one(const char *name, const char *text)
{
	static const char store[] = VOLUME_STORE "/";
	const char *rest;

	return strncmp(text, store, sizeof(store) - 1) == 0 && name_parse_number(text + sizeof(store) - 1, &rest) &&
	       *rest == '/' && strcmp(rest + 1, name) == 0;
}

enum name_stands volume_name_look(const struct place *place, const char *name)
{
	char text[VOLUME_TEXT_SIZE + 1];
	ssize_t size = readlinkat(place->parent_fd, name, text, sizeof(text) - 1);

	if (size < 0 && errno == ENOENT)
		return NAME_ABSENT;
	if (size < 0)
		return errno == EINVAL ? NAME_FOREIGN : NAME_UNKNOWN;
	text[size] = '\0';
	if (strncmp(text, VOLUME_DATA "/", sizeof(VOLUME_DATA)) == 0 && strcmp(text + sizeof(VOLUME_DATA), name) == 0)
		return NAME_OURS;
	return name_leads_to_one(name, text) ? NAME_OURS_TO_ONE : NAME_FOREIGN;
}

void volume_name_text(const char *name, int64_t number, char text[static VOLUME_TEXT_SIZE])
{
	char directory[NAME_NUMBER_SIZE];

	name_number(directory, number, "");
	if (number)
		snprintf(text, VOLUME_TEXT_SIZE, VOLUME_STORE "/%s/%s", directory, name);
	else
		snprintf(text, VOLUME_TEXT_SIZE, VOLUME_DATA "/%s", name);
}

/* ---- All names: those in D, and those that a generation needs ---- */

void volume_names_clear(struct volume_names *names)
{
	tree_names_clear(&names->there);
	tree_names_clear(&names->needed);
}

int volume_names_read(struct volume_names *names, const struct place *place, int top_fd, struct atomicdir_error *error)
{
	*names = (struct volume_names){ .place = place, .top_fd = top_fd };
	if (tree_names_read(place->parent_fd, false, &names->there) < 0)
		return error_system(error, errno, place->name.link, "cannot read the names in");
	if (top_fd >= 0 && (fstat(top_fd, &names->owner) < 0 || tree_names_read(top_fd, true, &names->needed) < 0))
		return error_system(error, errno, place->name.link, "cannot read the names in a generation of");
	return 0;
}

int volume_names_each(const struct volume_names *names, volume_names_fn act, struct atomicdir_error *error)
{
	const struct tree_names *there = &names->there, *needed = &names->needed;
	struct atomicdir_error later;
	int done = 0;

	for (size_t i = 0, j = 0; i < there->count || j < needed->count;) {
		int order = i == there->count ? 1 : -1;
		const char *name;

		if (i < there->count && j < needed->count)
			order = strcmp(there->names[i], needed->names[j]);
		name = order <= 0 ? there->names[i] : needed->names[j];
		i += order <= 0;
		j += order >= 0;
		if (!inside_reserves(name) && act(names, name, order >= 0, done < 0 ? &later : error) < 0)
			done = -1;
	}
	return done;
}

int volume_name_is_taken(const struct place *place, const char *name, struct atomicdir_error *error)
{
	char path[NAME_PARENT_SIZE + NAME_SIZE];

	snprintf(path, sizeof(path), "%s/%s", place->name.parent, name);
	error_object(error, ATOMICDIR_FAILED, path,
		     "was not made by a publication, but the content has that name; move it away, or leave the name out");
	error->errnum = EEXIST;
	return -1;
}

int volume_name_fail(const struct place *place, const char *name, const char *what, struct atomicdir_error *error)
{
	char path[NAME_PARENT_SIZE + NAME_SIZE];
	int errnum = errno;

	snprintf(path, sizeof(path), "%s/%s", place->name.parent, name);
	return error_system(error, errnum, path, "%s", what);
}
