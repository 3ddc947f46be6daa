/* SPDX-License-Identifier: ISC
 *
 * Looking at trees by descriptor: never through a symlink, never by a path that somebody may change. Paths are for messages only.
 */
#ifndef DIR_TREE_H
#define DIR_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <atomicdir.h>

#define TREE_DEPTH_MAX 256
#define TREE_WAKE_NAME "..atomicdir-wake" /* in a generation's top directory only, and never part of it */

struct tree_count {
	int64_t files, bytes;
};
int tree_count(int directory_fd, struct tree_count *count, struct atomicdir_error *error);

/* The names in a directory, sorted by byte. At a generation's top the wake-up's is left out; further down it is a name like
 * any other. */
struct tree_names {
	char **names;
	size_t count;
};
int tree_names_read(int directory_fd, bool is_top, struct tree_names *names);
void tree_names_clear(struct tree_names *names);
#define cleanup_names cleanup(tree_names_clear)

/* What an entry is. Also says whether something is mounted on it. */
struct tree_entry {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	nlink_t links;
	int64_t size;
	dev_t device;
	ino_t inode;
	struct timespec modified;
	bool is_mount;
};
int tree_look(int directory_fd, const char *name, struct tree_entry *entry);

/* "PATH/NAME", on the heap; PATH "" is the top. */
char *tree_path(const char *path, const char *name);

#endif
