/* SPDX-License-Identifier: ISC
 *
 * Which paths may be published. They come from people, from the names of secrets and from keys: none of them is trusted.
 */
#ifndef SECRETDIR_PATH_H
#define SECRETDIR_PATH_H

#include <stddef.h>

/* Why the path cannot be published, as "it is absolute"; NULL: it can. One that ends in '/' is that of a directory. */
const char *path_refuse(const char *path, size_t size);

/* Makes a text for people of a path: what cannot be printed becomes \xNN, and what is too long is cut. A NUL must follow the path. */
void path_show(const char *path, size_t size, char *text, size_t capacity);

/* Finds two of `count` paths that cannot both be published: a file that is also a directory, or the same file twice. 1: *one and
 * *other are their indexes; 0: there are none; -1 with ENOMEM. The path of a directory ends in '/' and may occur twice. */
int path_find_clash(const char *const *paths, size_t count, size_t *one, size_t *other);

#endif
