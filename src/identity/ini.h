/* SPDX-License-Identifier: ISC
 *
 * The files that AWS's tools share, read as the AWS CLI reads them: what it refuses is refused here too, so that no profile is taken
 * for another. A key that has an indented block below it has children.
 */
#ifndef IDENTITY_INI_H
#define IDENTITY_INI_H

#include <stdbool.h>
#include <stddef.h>

#include <atomicdir.h>

#include "base/buffer.h"

struct ini;

struct ini_entry {
	const struct ini *file;
	const char *section;	 /* what stands between the brackets */
	const char *parent;	 /* the key whose block it is in; NULL: none */
	const char *key, *value; /* the key in lower case; "" and "" where the section begins */
	int line;
};

struct ini {
	char *path;
	struct buffer text; /* what the entries point into */
	struct ini_entry *entries;
	size_t count;
	const struct ini_entry **sorted; /* by section, block and key */
	int unreadable;			 /* errno; 0: it could be read, or there is none */
};

/* A file that does not exist is empty; so is one that may not be read, where nobody has named it. USAGE. */
int ini_load(const char *path, bool is_named, struct ini *ini, struct atomicdir_error *error);
void ini_clear(struct ini *ini);

/* NULL: there is none. key "": the section itself. */
const struct ini_entry *ini_find(const struct ini *ini, const char *section, const char *parent, const char *key);

/* "FILE, line N: " and more. Kind USAGE. */
int ini_refuse(struct atomicdir_error *error, const struct ini_entry *entry, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
