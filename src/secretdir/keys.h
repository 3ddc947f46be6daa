/* SPDX-License-Identifier: ISC
 *
 * The keys for AWS, which secretdir passes from identity-aws to fetch-aws in a file in memory (memfd_create(2)). secretdir
 * never reads them, and overwrites the file before it closes it; a watcher may keep one, so that the next rounds need not ask anybody.
 */
#ifndef SECRETDIR_KEYS_H
#define SECRETDIR_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/protocol.h"
#include "secretdir/worker.h"

struct keys {
	int fd;	      /* -1: there is no file yet */
	bool is_lent; /* it is somebody else's, who may keep what is in it */
	/* Good keys are in the file, which were asked for with just this; fresh: by us, so that there is no use in asking again. */
	bool is_filled, is_fresh;
	uint64_t asked;
	struct worker worker; /* identity-aws, while it runs */
	/* What identity-aws says of the keys. */
	char from[160], region[64]; /* region "": not known */
	int64_t seconds_left;	    /* until they expire; -1: not known, or never */
	bool is_fixed;		    /* asking again would give the same keys */
	bool is_elsewhere;	    /* they are from the other region, which is asked only as long as the first one cannot be */
};

#define KEYS_INIT ((struct keys){ .fd = -1, .seconds_left = -1 })

/* Takes a file that outlives us, which stays the caller's. `asked`: what the keys in it were asked for with, as `asked` of an
 * earlier one has it; 0: there are none that can be used. */
void keys_lend(struct keys *keys, int fd, uint64_t asked);
/* Makes an empty file, unless there is one; identity-aws is not started yet. `keys` must not be moved in memory until it is closed. */
int keys_open(struct keys *keys, struct atomicdir_error *error);
/* Whether they can be kept for others: they end some day, and until then are what would be asked for again. */
bool keys_can_stay(const struct keys *keys);
/* Wipes the file, unless it is lent and its keys can stay. Does nothing if it is not open (fd -1). */
void keys_close(struct keys *keys);
/* Whether there are good keys already for what is told here. */
bool keys_are_there(const struct keys *keys, const struct told *told);
/* Starts identity-aws, which writes settings and keys into the file anew. `region`: where to ask for the keys instead, or "".
 * */
int keys_ask(struct keys *keys, const struct told *told, const char *region, struct atomicdir_error *error);

enum keys_news {
	KEYS_FAILED,
	KEYS_SETTINGS, /* the settings are in the file, and identity-aws is still waiting for the keys */
	KEYS_COMPLETE,
};

/* Waits for what identity-aws says next. */
enum keys_news keys_next(struct keys *keys, struct atomicdir_error *error);

/* Starts a program of ours that asks AWS, as worker_start() does, and gives it the file to read. */
int keys_start(struct keys *keys, struct worker *worker, const char *what, const char *path, struct atomicdir_error *error);
/* Tells that program, which has its request, that the keys are there, or that there are none, and why. Nobody is asked for keys that are
 * there already. -1: it cannot be told, or a signal came. */
int keys_hand(struct keys *keys, struct worker *worker, const struct told *told, struct atomicdir_error *error);
/* The same with others than those that are there; `region`: as keys_ask() has it. */
int keys_hand_anew(struct keys *keys, struct worker *worker, const struct told *told, const char *region,
		   struct atomicdir_error *error);

#endif
