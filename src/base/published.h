/* SPDX-License-Identifier: ISC
 *
 * The files of a generation and the versions that they hold: what secretdir notes of it, and what a fetcher is told.
 */
#ifndef BASE_PUBLISHED_H
#define BASE_PUBLISHED_H

#include <stddef.h>

struct published_file {
	/* "": not known. place "": the secret is from the place that should have been asked. */
	char *path, *source, *version, *service, *stage, *created, *place;
	/* For secretdir alone: the number of its entry, and what the file is like (secretdir/sealed.h). */
	char *index, *sealed;
};

struct published {
	struct published_file *files;
	size_t count;
};

/* Adds a file whose members are all "". NULL with ENOMEM. */
struct published_file *published_add(struct published *published);
/* Sets a member of a file. -1 with ENOMEM. */
int published_set(char **place, const char *text);
void published_clear(struct published *published);

#endif
