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
/* Up to `size` bytes, fewer only at the end of the file. */
ssize_t read_all(int fd, void *bytes, size_t size);
/* Appends what is left to read, up to the end. EFBIG if that is more than `limit` bytes. */
int read_to_end(int fd, size_t limit, struct buffer *buffer);
/* The same of a file of ours: a regular one, and no symlink. */
int read_file_at(int directory_fd, const char *name, size_t limit, struct buffer *buffer);
/* The same of a file that the user names: through symlinks, as Kubernetes makes them, and never waiting for a FIFO's writer. */
int read_path(const char *path, size_t limit, struct buffer *buffer);

/* A new regular file, open for writing, with exactly this mode. */
int create_file_at(int directory_fd, const char *name, mode_t mode);
/* A new directory, open, with exactly this mode; a setgid bit that its parent handed down stays. */
int create_directory_at(int directory_fd, const char *name, mode_t mode);
/* A new file with these bytes. A file that could not be written whole is removed. */
int write_file_at(int directory_fd, const char *name, mode_t mode, const void *bytes, size_t size);

int open_directory_at(int directory_fd, const char *name);
/* Whether the directory has an entry of this name, whatever it is. With errno where there is none. */
bool exists_at(int directory_fd, const char *name);

#endif
