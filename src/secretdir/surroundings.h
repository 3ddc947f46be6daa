/* SPDX-License-Identifier: ISC
 *
 * The environment that secretdir was started with. AWS_* is taken out of it first of all: no child inherits a key by mistake, and
 * nobody reads one in /proc. It is kept whole in a file that is nowhere, which only identity-aws reads.
 */
#ifndef SECRETDIR_SURROUNDINGS_H
#define SECRETDIR_SURROUNDINGS_H

#include <stdbool.h>

#include <atomicdir.h>

#include "process/environment.h"

/* Call this first of all. */
void surroundings_take(void);
/* Overwrites the file and closes it: call this last of all. */
void surroundings_close(void);
/* The file, as identity-aws reads it (base/protocol.h). Stays ours. -1: it could not be made, and why is the error. */
int surroundings_fd(struct atomicdir_error *error);
/* What AWS_REGION, else AWS_DEFAULT_REGION, said; NULL where they said nothing. */
const char *surroundings_region(void);

/* Adds the AWS_* variables that were taken to a child's environment: without the keys of AWS_ACCESS_KEY_ID and its like, unless
 * `with_keys`. For the child itself, since its memory then holds them. -1 with errno. */
int surroundings_give(struct environment *environment, bool with_keys);

#endif
