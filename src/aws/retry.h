/* SPDX-License-Identifier: ISC
 *
 * What is asked again, how often and when, as the AWS SDKs' standard mode has it: at random, longer each time, and no more often than a
 * quota allows that all calls share, so that a service in trouble is not asked ever more.
 */
#ifndef AWS_RETRY_H
#define AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include <atomicdir.h>

struct retry {
	int attempts_max; /* 0: one attempt, and whoever asks tries again when it likes */
	int quota;
};

/* What AWS_RETRY_MODE and AWS_MAX_ATTEMPTS, or a profile, say; NULL: nothing. USAGE. */
int retry_init(struct retry *retry, const char *mode, const char *attempts, struct atomicdir_error *error);

/* What one more attempt takes from the quota; 0: it has not so much left. */
int retry_take(struct retry *retry, bool is_throttled);
/* A call went well, and so gives back what its last attempt took; the first attempt, took 0. */
void retry_give_back(struct retry *retry, int taken);

/* Before attempt number `attempt` + 1. asked_ms: what the server wants to be waited; -1: nothing. */
void retry_pause(int attempt, bool is_throttled, int64_t asked_ms);

#endif
