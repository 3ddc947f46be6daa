/* SPDX-License-Identifier: ISC
 *
 * A queue of SQS: its messages are received by long polling, and deleted once they were handed over. A deletion that fails is tried
 * again with the next ones; until it succeeds the message may come again, under the same id.
 */
#ifndef LISTEN_QUEUE_H
#define LISTEN_QUEUE_H

#include "aws/aws.h"
#include "base/queue_url.h"

#define QUEUE_WAIT_MAX_S 20 /* as long as SQS lets one poll last */
#define QUEUE_ID_SIZE 128
#define QUEUE_RECEIPTS 100 /* the oldest are let go: those messages come again */

struct queue {
	struct aws *aws;
	const char *url;
	char *arn, *origin;		/* origin: where it is asked if not where its region's queues are; or NULL */
	char *receipts[QUEUE_RECEIPTS]; /* of messages that are to be deleted */
	size_t count;
	bool is_one_by_one; /* an answer could not be read: perhaps ten messages are too many */
};

/* Changes the settings to those that the queue is asked with; a text of them is the queue's. `aws`, which may be opened with them
 * later, and the URL stay the caller's. USAGE. */
int queue_open(struct queue *queue, struct aws *aws, struct aws_settings *settings, const char *url,
	       struct atomicdir_error *error);
void queue_close(struct queue *queue);

/* A body is followed by a NUL; id: "" where there is none. -1: it could not be handed over, and so is not deleted. */
typedef int (*queue_take_fn)(void *context, const char *id, const char *body, size_t size);
/* Waits up to so many seconds for messages. 0: the queue has answered; -1: it has not, or memory is out. */
int queue_receive(struct queue *queue, int wait_s, queue_take_fn take, void *context, struct atomicdir_error *error);
/* Deletes all that were taken. -1: some are left, and this is why. */
int queue_delete(struct queue *queue, struct atomicdir_error *error);

#endif
