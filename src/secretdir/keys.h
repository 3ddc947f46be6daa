/* SPDX-License-Identifier: ISC
 *
 * The keys that AWS is asked with, which secretdir hands from identity-aws to fetch-aws without ever reading them: they are in a file
 * that is nowhere. It is overwritten before it is closed.
 */
#ifndef SECRETDIR_KEYS_H
#define SECRETDIR_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/protocol.h"
#include "secretdir/worker.h"

struct keys {
	int fd;
	struct worker worker; /* identity-aws, while it is asked */
	/* What it says of them. */
	char from[160], region[64]; /* region "": not known */
	int64_t seconds_left;	    /* -1: not known, or permanent */
	bool is_fixed;		    /* asking again gives no others */
};

/* An empty file, and nobody is asked. It stays where it is until it is closed. */
int keys_open(struct keys *keys, struct atomicdir_error *error);
/* Fine also where it is not open: fd -1. */
void keys_close(struct keys *keys);
/* The file for whoever only reads it. The caller's to close. */
int keys_open_reader(const struct keys *keys, struct atomicdir_error *error);

/* Asks identity-aws for all anew. `region`: where keys are asked for instead, or "". */
int keys_ask(struct keys *keys, const struct told *told, const char *region, struct atomicdir_error *error);

enum keys_news {
	KEYS_FAILED,
	KEYS_SETTINGS, /* how AWS is asked is in the file; the keys are waited for */
	KEYS_COMPLETE,
};

/* Waits for what identity-aws says next. */
enum keys_news keys_next(struct keys *keys, struct atomicdir_error *error);

#endif
