/* SPDX-License-Identifier: ISC
 *
 * Every state that a power cut could have left, from the log of a disk.
 *
 * What was written before a flush ended is on the disk. Of what was written after it, up to the next flush, any part may be: the
 * disk may drop, reorder and tear what it was not told to keep. Writes count in units of 4 KiB, the page; the torn ones break
 * inside a unit at a sector of 512 bytes. All choices are tried where they are few, else prefixes, suffixes, all but one, only
 * one, torn ones, and random ones. States that are the same, byte for byte, are visited once.
 */
#ifndef POWER_STATES_H
#define POWER_STATES_H

#include "disk.h"

struct state {
	int reported;  /* the highest mark that had been written, plus one; 0: none */
	bool is_torn;  /* inside a unit */
	char text[96]; /* how it came to be, for people */
};

/* Called with the state in disk->image, which is put back afterwards. */
typedef void (*state_visitor)(void *arg, const struct state *state);

struct states {
	struct disk *disk;
	uint8_t *settled; /* what is on the disk for sure; as large as the image */
	uint64_t hash;	  /* of the image */
	uint64_t *seen;	  /* an open hash table */
	size_t seen_count, seen_room;
	uint64_t seed;
	size_t most; /* states for each log; 0: all of the above */
};

int states_start(struct states *states, struct disk *disk, uint64_t seed);
/* The image as it is now, after everything in the disk's log, is where the next logs begin. */
void states_settle(struct states *states);
/* `log` is a copy of the disk's; the image is what it was before the log began. Both stay so. `salt` tells logs apart whose states
 * must satisfy different demands. */
void states_visit(struct states *states, const struct log *log, state_visitor visitor, void *arg);
/* The image is what it was before everything in the disk's log. */
void states_undo(struct states *states);
/* The next of a series that depends on the seed alone; below `bound`. */
uint64_t states_random(struct states *states, uint64_t bound);
void states_stop(struct states *states);

#endif
