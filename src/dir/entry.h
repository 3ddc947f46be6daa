/* SPDX-License-Identifier: ISC
 *
 * An entry that a caller puts into a stage.
 */
#ifndef DIR_ENTRY_H
#define DIR_ENTRY_H

#include <stddef.h>
#include <sys/types.h>

enum entry_kind { ENTRY_FILE, ENTRY_DIRECTORY, ENTRY_LINK };

/* All that it points to is the caller's. */
struct entry {
	enum entry_kind kind;
	const char *path;  /* relative, without "." and ".." */
	mode_t mode;	   /* not of a symlink */
	const void *bytes; /* of a file, or the text of a symlink */
	size_t size;
};

#define ENTRY_IMPLIED_MODE 0755 /* of directories that are made on the way to an entry */

#endif
