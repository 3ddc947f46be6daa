/* SPDX-License-Identifier: ISC
 *
 * Who may read what is published: the modes and owners of files and directories, by the options and the entries. A directory can be
 * passed by all whom a file below it is meant for, and read by nobody but its owner and group.
 */
#ifndef SECRETDIR_RIGHTS_H
#define SECRETDIR_RIGHTS_H

#include "secretdir/entry.h"

struct rights {
	const struct atomicdir_options *wanted; /* as the command line has them */
	const struct entries *entries;
	mode_t file_mode, dir_mode; /* where nothing else says it */
	bool is_grouped;	    /* a group is to read all of it */
};

void rights_init(struct rights *rights, const char *link, const struct atomicdir_options *wanted,
		 const struct entries *entries);
mode_t rights_file_mode(const struct rights *rights, const struct entry *entry);
/* Of the directory at `path` in the generation; "": its top directory. */
mode_t rights_dir_mode(const struct rights *rights, const char *path);
/* Sets the owner of the file of an entry, or of a directory, where `entry` is NULL. */
int rights_own(const struct rights *rights, const struct entry *entry, int fd, const char *path, struct atomicdir_error *error);
/* Whether nobody but root, who publishes it, can read the file of the entry, though no option asks for that. */
bool rights_are_roots(const struct rights *rights, const struct entry *entry);

#endif
