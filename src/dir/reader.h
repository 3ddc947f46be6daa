/* SPDX-License-Identifier: ISC
 *
 * Looking without a lock: what readers, lists and comparisons start from. Needs no more rights than the call that uses it says.
 */
#ifndef DIR_READER_H
#define DIR_READER_H

#include "dir/link.h"
#include "dir/store.h"

struct reader {
	struct store store; /* O_PATH descriptors; no lock */
	struct link link;
	int64_t live; /* 0: nothing is live */
};

int reader_open(struct reader *reader, const char *link, struct atomicdir_error *error);
void reader_close(struct reader *reader);
#define cleanup_reader cleanup(reader_close)

#endif
