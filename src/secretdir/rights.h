/* SPDX-License-Identifier: ISC
 *
 * Who may read what is published: modes and owners of files and directories, from the options and the entries. Whoever may
 * read a file can pass through the directories above it; only their owner and group can list them.
 */
#ifndef SECRETDIR_RIGHTS_H
#define SECRETDIR_RIGHTS_H

#include "secretdir/entry.h"

struct rights {
	const struct atomicdir_options *wanted; /* as the command line has them */
	const struct entries *entries;
	mode_t file_mode, dir_mode; /* the defaults */
	bool is_grouped;	    /* a group is to read all of it */
	bool is_library_owning;	    /* all has one owner, whom the library sets when it seals */
};

void rights_init(struct rights *rights, const char *link, const struct atomicdir_options *wanted,
		 const struct entries *entries);
mode_t rights_file_mode(const struct rights *rights, const struct entry *entry);
/* The mode of the directory at `path` in the generation; "": the top directory. */
mode_t rights_dir_mode(const struct rights *rights, const char *path);
/* Whether no entry has an owner of its own. */
bool rights_have_one_owner(const struct rights *rights);
/* Whether an owner is to be set for the file of an entry, or for directories, where `entry` is NULL: by whoever fills the stage. */
bool rights_have_owner(const struct rights *rights, const struct entry *entry);
/* Sets the owner of the file of an entry, or of a directory, where `entry` is NULL, unless the library does. The descriptor
 * may be of O_PATH. */
int rights_own(const struct rights *rights, const struct entry *entry, int fd, const char *path, struct atomicdir_error *error);
/* If the error is that an owner could not be set, adds what to do. Returns -1. */
int rights_explain(struct atomicdir_error *error);
/* Whether we are root and nobody else can read the entry's file, although no option asks for that. */
bool rights_are_roots(const struct rights *rights, const struct entry *entry);

#endif
