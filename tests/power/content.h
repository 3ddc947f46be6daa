/* SPDX-License-Identifier: ISC
 *
 * Trees that tell by themselves which version they are, and whether they are whole.
 */
#ifndef POWER_CONTENT_H
#define POWER_CONTENT_H

#include <stddef.h>

/* Makes the tree of a version at `path`, which must not exist: so many files of all sizes and modes, directories, a symlink. */
int content_write(const char *path, int version, int files);

#define CONTENT_ABSENT 0
#define CONTENT_BROKEN (-1)
/* The version at `path`, byte for byte, mode for mode, nothing missing and nothing added; ABSENT: there is no such name. BROKEN: *why,
 * of `size` bytes, says what. */
int content_read(const char *path, char *why, size_t size);
/* The same of a volume, by the names in it, each of which may be a symlink or what was detached. Names of other versions may be there
 * as long as they lead somewhere. Where there is no ..data, and nothing that was detached, the version is ABSENT. */
int content_read_volume(const char *path, char *why, size_t size);

/* The same of a directory of files: all names count but those that begin with "..". Where there are none, the version is ABSENT. */
int content_read_files(const char *path, char *why, size_t size);
/* Whether each file in such a directory is that of some version, whole; 0, or BROKEN. */
int content_read_by_file(const char *path, char *why, size_t size);

#endif
