/* SPDX-License-Identifier: ISC
 *
 * What the store holds of a generation: its directory and the files beside it. The one place that knows their names.
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
	PART_GOOD,     /* its hook has ended well once */
	PART_NOTE,     /* the publisher's note */
	PART_TRASH,    /* its directory while it is being removed */
	PART_COUNT
};

void part_name(char name[static NAME_NUMBER_SIZE], int64_t number, enum part part);

/* All of these return -1 with errno. */
int part_open(int store_fd, int64_t number, enum part part);
/* A new file with these bytes, 0600. What has its name already is removed first. */
int part_write(int store_fd, int64_t number, enum part part, const void *bytes, size_t size);
/* The same for a file that may be there: at every moment it is there, with the old bytes or the new ones. */
int part_replace(int store_fd, int64_t number, enum part part, const void *bytes, size_t size, bool to_disk);
/* The same for a file of the store that belongs to no generation. */
int store_file_replace(int store_fd, const char *name, const void *bytes, size_t size, bool to_disk);
/* Adds to the end of a file that is there. */
int part_append(int store_fd, int64_t number, enum part part, const void *bytes, size_t size);
int part_read(int store_fd, int64_t number, enum part part, size_t limit, struct buffer *bytes);
int part_rename(int store_fd, int64_t number, enum part from, enum part to);
/* 0 also where there is none. */
int part_remove(int store_fd, int64_t number, enum part part);
/* What cannot be looked at may be there. */
bool part_may_exist(int store_fd, int64_t number, enum part part);

/* What there is of each number, found in one pass; newest first. */
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
