/* SPDX-License-Identifier: ISC
 *
 * What one round leaves to the next one of the same watcher, in bytes that the watcher keeps and does not read. There is no secret in it.
 * Reading and writing are pure; a memo that is missing or cannot be read is an empty one, after which a round fetches everything.
 */
#ifndef SECRETDIR_MEMO_H
#define SECRETDIR_MEMO_H

#include <stdint.h>

#include "base/buffer.h"
#include "secretdir/texts.h"

#define MEMO_MAX (64 << 10)

struct memo {
	int64_t live;	     /* the generation that the last round left live; 0: not known */
	uint64_t keys_asked; /* what the kept keys were asked for with, as struct keys has it */
	struct texts hidden; /* secrets that may not be described, as their entries name them: they are fetched each time */
	struct texts stale;  /* answers that were older than what is live, as memo_is_stale() names them */
	struct texts told;   /* warnings that need not be given in each round */
};

/* Takes what is in the bytes in place of what the memo held. -1 with ENOMEM. */
int memo_read(struct memo *memo, const char *bytes, size_t size);
/* Appends the memo, in at most MEMO_MAX bytes: what does not fit is left out, and costs the next round a call. -1 with ENOMEM. */
int memo_write(const struct memo *memo, struct buffer *bytes);
void memo_clear(struct memo *memo);

/* The same from and to the whole of a file in memory. -1 with errno. */
int memo_load(struct memo *memo, int fd);
int memo_save(const struct memo *memo, int fd);

#endif
