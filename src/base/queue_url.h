/* SPDX-License-Identifier: ISC
 *
 * The URL of a queue of SQS, https://HOST/ACCOUNT/NAME, and what can be told from it. Parsing is pure.
 */
#ifndef BASE_QUEUE_URL_H
#define BASE_QUEUE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include <atomicdir.h>

struct queue_url {
	char region[64];	    /* "": the host does not say it */
	char origin[280];	    /* "https://HOST[:PORT]" */
	const char *account, *name; /* of the URL, not ended by a NUL */
	size_t account_size, name_size;
	bool is_regional; /* the host is AWS's own for that region; else the queue is asked at this very host, such as a VPC endpoint's */
	bool is_open; /* requests would go unencrypted, and not just to this machine */
};

/* The texts stay the URL's. USAGE. */
int queue_url_parse(const char *url, struct queue_url *queue, struct atomicdir_error *error);
/* `region`: for a queue whose URL does not say it. On the heap; NULL with ENOMEM. */
char *queue_url_arn(const struct queue_url *queue, const char *region);

#endif
