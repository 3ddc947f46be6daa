/* SPDX-License-Identifier: ISC
 *
 * What is at LINK, and the one place where the name is swapped. A layout is a way to do these four things: read, prepare, swap,
 * and make the swap durable. There is one layout so far: LINK is a symlink of ours.
 */
#ifndef DIR_LINK_H
#define DIR_LINK_H

#include <sys/stat.h>

#include "dir/name.h"

enum link_kind {
	LINK_ABSENT,
	LINK_OURS,    /* of our form exactly, dangling or not */
	LINK_FOREIGN, /* somebody else's symlink */
	LINK_DIRECTORY,
	LINK_OTHER
};

struct link {
	enum link_kind kind;
	int64_t number; /* OURS: what it names */
	dev_t device;
	ino_t inode;
	char text[4096]; /* OURS, FOREIGN */
};

/* -1 with errno where it cannot be known. */
int link_read(int parent_fd, const struct name *name, struct link *link);
/* Refuses what we did not make. */
int link_require_ours(const struct link *link, const struct name *name, struct atomicdir_error *error);

/* The one temporary name in the store, which recovery removes whatever it is. */
#define LINK_NEXT "next"
/* The new symlink under that name. */
int link_prepare(int store_fd, const struct name *name, int64_t number, struct atomicdir_error *error);
void link_forget(int store_fd);

enum link_swap { LINK_NOT_SWAPPED = -1, LINK_SWAPPED = 0, LINK_SWAP_UNKNOWN = 1 };
/* Moves it onto LINK, provided that LINK still is as `before` says. UNKNOWN: LINK can no longer be read, and may be either. */
enum link_swap link_swap(int parent_fd, int store_fd, const struct name *name, int64_t number, const struct link *before,
			 struct atomicdir_error *error);
/* A directory at LINK trades places with the symlink that stands under the generation's name in the store. */
int link_exchange(int parent_fd, int store_fd, const struct name *name, int64_t number, struct atomicdir_error *error);

#endif
