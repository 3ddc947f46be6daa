/* SPDX-License-Identifier: ISC
 *
 * Which names may become files. Names come from people, from secrets' names and from keys: none of them is trusted.
 */
#ifndef SECRETDIR_PATH_H
#define SECRETDIR_PATH_H

#include <stddef.h>

/* NULL: it may. Else why not. With a '/' at its end it is a directory's. */
const char *path_refuse(const char *path, size_t size);

/* A path as text for people: what cannot be printed as \xNN. Cut where it is long. A NUL must follow the path. */
void path_show(const char *path, size_t size, char *text, size_t capacity);

/* Of `count` paths: two that cannot both be, as a file that is also a directory, or one that occurs twice. 1: *one and *other
 * are their indexes; 0: there are none. -1 with ENOMEM. Directories' paths end in '/' and may occur twice. */
int path_find_clash(const char *const *paths, size_t count, size_t *one, size_t *other);

#endif
