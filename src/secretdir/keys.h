/* SPDX-License-Identifier: ISC
 *
 * The keys for AWS, which secretdir passes from identity-aws to fetch-aws in a file in memory (memfd_create(2)). secretdir
 * never reads them, and overwrites the file before it closes it.
 */
#ifndef SECRETDIR_KEYS_H
#define SECRETDIR_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/protocol.h"
#include "secretdir/worker.h"

struct keys {
	int fd;
	struct worker worker; /* identity-aws, while it runs */
	/* What identity-aws says of the keys. */
	char from[160], region[64]; /* region "": not known */
	int64_t seconds_left;	    /* until they expire; -1: not known, or never */
	bool is_fixed;		    /* asking again would give the same keys */
};

/* Makes an empty file; identity-aws is not started yet. `keys` must not be moved in memory until it is closed. */
int keys_open(struct keys *keys, struct atomicdir_error *error);
/* Does nothing if it is not open (fd -1). */
void keys_close(struct keys *keys);
/* Opens the file for reading only. The caller closes the descriptor. */
int keys_open_reader(const struct keys *keys, struct atomicdir_error *error);

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

#endif
