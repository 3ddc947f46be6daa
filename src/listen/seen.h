/* SPDX-License-Identifier: ISC
 *
 * The ids of the last messages. SQS may deliver one twice, and does where it could not be deleted.
 */
#ifndef LISTEN_SEEN_H
#define LISTEN_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "listen/queue.h"

#define SEEN_COUNT 256

struct seen {
	char ids[SEEN_COUNT][QUEUE_ID_SIZE];
	size_t next;
};

/* Has there been a message of this id among the last ones? From now on there has. One without an id is new. */
bool seen_before(struct seen *seen, const char *id);

#endif
