/* SPDX-License-Identifier: ISC
 *
 * The names in a volume's directory D: what stands at each, and all of them beside those that a generation needs. layout_volume.c says
 * what they lead to.
 */
#ifndef DIR_VOLUME_NAMES_H
#define DIR_VOLUME_NAMES_H

#include <sys/stat.h>

#include "dir/inside.h"
#include "dir/place.h"
#include "dir/tree.h"

#define VOLUME_DATA "..data"
#define VOLUME_STORE INSIDE_STORE
/* In the store while a directory of real files becomes a volume: for each name what is not at D/NAME, the symlink first and then the
 * original. */
#define VOLUME_ADOPTED "adopted"
#define VOLUME_TEXT_SIZE (sizeof(VOLUME_STORE) + NAME_NUMBER_SIZE + NAME_SIZE)

enum name_stands {
	NAME_UNKNOWN = -1, /* with errno */
	NAME_ABSENT,
	NAME_OURS,	  /* leads through ..data */
	NAME_OURS_TO_ONE, /* leads to one generation */
	NAME_FOREIGN
};
enum name_stands volume_name_look(const struct place *place, const char *name);
/* The text of NAME's symlink: through ..data, or to generation `number` where that is not 0. */
void volume_name_text(const char *name, int64_t number, char text[static VOLUME_TEXT_SIZE]);

/* Both return -1. The second one takes errno. */
int volume_name_is_taken(const struct place *place, const char *name, struct atomicdir_error *error);
int volume_name_fail(const struct place *place, const char *name, const char *what, struct atomicdir_error *error);

struct volume_names {
	const struct place *place;
	struct tree_names there, needed;
	int top_fd;	   /* the directory that says which names are needed; -1: none */
	struct stat owner; /* of the symlinks */
	int64_t new, old;  /* announce: the generation that the swap leads to, and the live one, or 0 */
};
/* `top_fd`: the generation's; -1: no name is needed. */
int volume_names_read(struct volume_names *names, const struct place *place, int top_fd, struct atomicdir_error *error);
void volume_names_clear(struct volume_names *names);
#define cleanup_volume_names cleanup(volume_names_clear)

typedef int (*volume_names_fn)(const struct volume_names *names, const char *name, bool is_needed,
			       struct atomicdir_error *error);
/* Calls for every name but those that are reserved, in their order; goes on after an error, and reports the first one. */
int volume_names_each(const struct volume_names *names, volume_names_fn act, struct atomicdir_error *error);

#endif
