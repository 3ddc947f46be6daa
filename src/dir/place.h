/* SPDX-License-Identifier: ISC
 *
 * Where LINK is: its layout, its names, its directory and its store, found once. Writers and readers share it; all that
 * follows works on the two descriptors, so a working directory that changes makes no difference.
 */
#ifndef DIR_PLACE_H
#define DIR_PLACE_H

#include "dir/name.h"

struct layout;

struct place {
	const struct layout *layout;
	struct name name;
	char *parent_path;    /* absolute, on the heap */
	int parent_fd;	      /* the directory that the swapped name is in */
	int store_fd;	      /* -1: not open, or there is no store */
	int outer_fd;	      /* where LINK is the parent itself: the directory that LINK is in, with O_PATH; else -1 */
	char made[NAME_SIZE]; /* LINK's name there, if this call has made LINK; else "" */
};
#define PLACE_INIT ((struct place){ .parent_fd = -1, .store_fd = -1, .outer_fd = -1 })

/* MAKE_VISIBLE: as WRITE, but a store that is made now gets a name without a dot. */
enum place_use { PLACE_TO_READ, PLACE_TO_WRITE, PLACE_TO_MAKE_VISIBLE };
/* Finds LINK's directory and the names; opens no store. A reader needs no right but to pass through the directory. `layout`: an enum
 * atomicdir_layout, AUTO for the one that LINK has, else link. */
int place_open(struct place *place, const char *link, int layout, enum place_use use, struct atomicdir_error *error);
void place_close(struct place *place);
#define cleanup_place cleanup(place_close)
/* For layouts: the parent, found so far, is opened for a writer. */
int place_open_to_write(struct place *place, struct atomicdir_error *error);
/* Removes LINK where this call has made it, as long as it is empty. */
void place_unmake(const struct place *place);

/* For readers: opens the store, whatever its mode. 0, also if there is none: then store_fd stays -1. */
int place_find_store(struct place *place, struct atomicdir_error *error);
/* Opens a generation's directory for its owner, whatever its mode. -1 with errno. */
int place_open_generation(const struct place *place, int64_t number);
/* Refuses where somebody has removed or moved the generation open as `fd`: what has its name now is something else. */
int place_check_generation(const struct place *place, int64_t number, int fd, struct atomicdir_error *error);
/* A generation's absolute path, on the heap; NULL: no memory. */
char *place_generation_path(const struct place *place, int64_t number);

#endif
