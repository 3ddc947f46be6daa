/* SPDX-License-Identifier: ISC
 *
 * What a file is like once its generation is sealed: size, inode and the time of its last change, as a text that is held against the
 * file later. Nobody can set that time, so a file that is as it was then holds what it held.
 */
#ifndef SECRETDIR_SEALED_H
#define SECRETDIR_SEALED_H

#include <stdbool.h>
#include <stddef.h>

#define SEALED_SIZE 96

/* The text of a regular file below the directory; "": there is none. */
void sealed_print(char text[static SEALED_SIZE], int directory_fd, const char *path);
/* Whether the file is as it was then. Nothing is like "". */
bool sealed_is_same(const char *text, int directory_fd, const char *path);
/* The file's size. */
size_t sealed_size(const char *text);

#endif
