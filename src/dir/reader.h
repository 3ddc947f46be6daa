/* SPDX-License-Identifier: ISC
 *
 * Looking without a lock: what lists, pins and comparisons start from. It needs no more rights than the call that uses it says.
 */
#ifndef DIR_READER_H
#define DIR_READER_H

#include "dir/live.h"
#include "dir/place.h"

struct reader {
	struct place place; /* O_PATH descriptors */
	struct live live;
};
#define READER_INIT ((struct reader){ .place = PLACE_INIT, .live = LIVE_INIT })

/* Refuses what we did not make at LINK. */
int reader_open(struct reader *reader, const char *link, struct atomicdir_error *error);
void reader_close(struct reader *reader);
#define cleanup_reader cleanup(reader_close)

/* NO_GENERATION where nothing is live. */
int reader_require_live(const struct reader *reader, struct atomicdir_error *error);

#endif
