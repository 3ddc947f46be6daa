/* SPDX-License-Identifier: ISC
 *
 * Reading and writing descriptors, and making or opening entries of a directory so that their modes are exact and a hostile
 * umask, mode or symlink is no obstacle. All return -1 with errno.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buffer.h"

int write_all(int fd, const void *bytes, size_t size);
/* Reads `size` bytes, or fewer at the end of the file. */
ssize_t read_all(int fd, void *bytes, size_t size);
/* Appends all that is left to read. EFBIG: it is more than `limit` bytes. */
int read_to_end(int fd, size_t limit, struct buffer *buffer);
/* The same for a file that we wrote: a regular file, not a symlink to one. */
int read_file_at(int directory_fd, const char *name, size_t limit, struct buffer *buffer);
/* The same for a file that the user names: through symlinks, as Kubernetes makes them. It never waits for the writer of a
 * FIFO. */
int read_path(const char *path, size_t limit, struct buffer *buffer);

/* Overwrites the bytes of a file in memory (memfd_create(2)) where they lie, then makes it empty. An fd of -1 is no file. */
void wipe_file(int fd);

/* Makes and opens a regular file with exactly this mode. */
int create_file_at(int directory_fd, const char *name, mode_t mode);
/* Makes and opens a directory with exactly this mode, and the setgid bit that its parent may hand down. */
int create_directory_at(int directory_fd, const char *name, mode_t mode);
/* Makes a file with these bytes. A file that cannot be written whole is removed. */
int write_file_at(int directory_fd, const char *name, mode_t mode, const void *bytes, size_t size);

/* Makes a symlink, and gives it this owner and group as far as we may. */
int create_link_at(int directory_fd, const char *name, const char *text, uid_t uid, gid_t gid);

/* If we are root: gives `fd` (O_PATH is enough) the owner and group of the directory `owner_fd`, as if that user had made it;
 * setuid and setgid bits stay. For other users it does nothing. */
int give_to_owner_of(int owner_fd, int fd);

int open_directory_at(int directory_fd, const char *name);
/* Opens a name for reading, never through a symlink. Its time of access stays where we may ask for that, since a new one would be written
 * to the disk. */
int open_quietly_at(int directory_fd, const char *name, int flags);
/* Whether the directory has an entry of this name, of any type. False with errno. */
bool exists_at(int directory_fd, const char *name);

#endif
