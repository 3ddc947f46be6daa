/* SPDX-License-Identifier: ISC
 *
 * What identity-net does: it answers questions (question.h) with what the network says.
 */
#ifndef IDENTITY_NETWORK_H
#define IDENTITY_NETWORK_H

#include "identity/ask.h"
#include "identity/question.h"

/* 1: the answer has it; 0: there is nobody to ask, and why is the error; -1: it does not work. */
#define NETWORK_OPERATION(name) \
	int name(const struct asker *asker, const struct record *question, struct record *answer, struct atomicdir_error *error)

/* Whatever is asked; a failure is in the answer too. -1: memory is out. */
int network_answer(struct http *http, const struct record *question, struct record *answer);

#endif
