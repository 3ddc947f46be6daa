/* SPDX-License-Identifier: ISC
 *
 * A generation's directory and the files beside it in the store. Only this module knows their names.
 */
#ifndef DIR_PART_H
#define DIR_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "dir/name.h"
#include "dir/place.h"

enum part {
	PART_DIRECTORY,
	PART_INFO,     /* the generation was published */
	PART_INFO_NEW, /* it is being published: its swap is not known to be on disk */
	PART_HOOK,     /* its hook is due */
	PART_GOOD,     /* its hook has succeeded once */
	PART_NOTE,     /* the publisher's note */
	PART_CARRIED,  /* which entries came along from older generations (carried.h) */
	PART_FILES,    /* the manifest of a generation whose entries are moved to LINK (manifest.h) */
	PART_TRASH,    /* its directory while it is being removed */
	PART_COUNT
};

void part_name(char name[static NAME_NUMBER_SIZE], int64_t number, enum part part);

/* All of these return -1 with errno. */
int part_open(int store_fd, int64_t number, enum part part);
/* Makes a file with these bytes and mode 0600. An existing file is removed first. */
int part_write(int store_fd, int64_t number, enum part part, const void *bytes, size_t size);
/* The same, but replaces an existing file atomically. `to_disk`: syncs the new file first. */
int part_replace(int store_fd, int64_t number, enum part part, const void *bytes, size_t size, bool to_disk);
/* The same for a file of the store that belongs to no generation. */
int store_file_replace(int store_fd, const char *name, const void *bytes, size_t size, bool to_disk);
/* Appends to an existing file. */
int part_append(int store_fd, int64_t number, enum part part, const void *bytes, size_t size);
int part_read(int store_fd, int64_t number, enum part part, size_t limit, struct buffer *bytes);
int part_rename(int store_fd, int64_t number, enum part from, enum part to);
/* 0 also if it does not exist. */
int part_remove(int store_fd, int64_t number, enum part part);
/* False only if it certainly does not exist. */
bool part_may_exist(int store_fd, int64_t number, enum part part);

/* Which parts of each number exist, found in one pass over the store; sorted, newest first. */
struct found {
	int64_t number;
	unsigned parts; /* of 1 << enum part */
};
struct found_list {
	struct found *list;
	size_t count;
};
#define FOUND(part) (1U << (part))

int found_read(const struct place *place, struct found_list *found, struct atomicdir_error *error);
const struct found *found_get(const struct found_list *found, int64_t number);
bool found_is_published(const struct found *found);
void found_clear(struct found_list *found);
#define cleanup_found cleanup(found_clear)

#endif
