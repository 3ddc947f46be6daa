/* SPDX-License-Identifier: ISC
 *
 * The half of us that has the network: identity-net, a program beside this one. It is started when it is first needed, and asked as
 * often as need be.
 */
#ifndef IDENTITY_NET_H
#define IDENTITY_NET_H

#include "aws/settings.h"
#include "identity/question.h"
#include "process/child.h"

struct net {
	const struct aws_settings *settings; /* how to ask; stays the caller's */
	struct child child;
	int question_fd;
	int port; /* that of the first question that the child was asked */
	struct field_reader answers;
	char skew_s[32]; /* what it has found of the servers' clock; or "" */
	bool is_started;
};

void net_clear(struct net *net);

/* 0: `answer` has what was asked for. -1: it has what is said beside the error, if anything. */
int net_ask(struct net *net, const struct question *question, struct record *answer, struct atomicdir_error *error);

#endif
