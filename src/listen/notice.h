/* SPDX-License-Identifier: ISC
 *
 * What a message of the queue says, where it is Secrets Manager's own event "Secret Label Updated", as EventBridge sends it, bare or
 * in the envelope of SNS. Whoever may write to the queue may write anything: what is no such event is nothing.
 */
#ifndef LISTEN_NOTICE_H
#define LISTEN_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

struct notice {
	char *arn, *name;      /* of the secret; one of them may be "" */
	char *version, *label; /* which label moved, and to which version; "": not said */
};

/* 1: it is one; 0: it is none. -1 with ENOMEM. A NUL must follow the body. */
int notice_read(const char *body, size_t size, struct notice *notice);
void notice_clear(struct notice *notice);

#endif
