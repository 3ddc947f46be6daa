/* SPDX-License-Identifier: ISC
 *
 * Reads trees for the harnesses: each of them knows what a tree should hold, this says what it does hold. No symlink is followed.
 */
#ifndef SUPPORT_TREE_H
#define SUPPORT_TREE_H

#include <stddef.h>
#include <sys/stat.h>

struct tree_entry {
	const char *path; /* below the top, whose own path is "" */
	struct stat status;
	const char *bytes; /* all of a file, or the text of a symlink; a NUL stands behind them */
	size_t size;
};

/* What is returned is not 0 where the reading is to end. */
typedef int (*tree_visit_fn)(void *arg, const struct tree_entry *entry);
typedef int (*tree_name_fn)(void *arg, const char *name);

/* AT_FDCWD is a top too. Visits the top and all that is below it, a directory before its entries. A name that begins with ".." is a writer's own and may go
 * at any moment: it is visited with a status of zeros, unread. 0; what a visit returned that was not 0; -1 with errno. */
int tree_read(int top_fd, tree_visit_fn visit, void *arg);

/* Visits each name in the directory `path` but "." and "..". Returns likewise. */
int tree_read_names(int directory_fd, const char *path, tree_name_fn visit, void *arg);

/* Creates a file that holds just this and has just this mode. 0; -1 with errno. */
int tree_write_file(int directory_fd, const char *path, const void *bytes, size_t size, mode_t mode);

#endif
