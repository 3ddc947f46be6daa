/* SPDX-License-Identifier: ISC */
#include "aws/retry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/backoff.h"
#include "base/error.h"

#define QUOTA 500
#define COST 14
#define COST_THROTTLED 5
#define GAIN 1
#define DELAY_MS 50
#define DELAY_THROTTLED_MS 1000
#define DELAY_MAX_MS 20000
#define ASKED_MORE_MS 5000
#define ATTEMPTS_MOST 100

int retry_init(struct retry *retry, const char *mode, const char *attempts, struct atomicdir_error *error)
{
	/* Adaptive is standard with a limit on the client's own rate, which a round of a few calls never meets. */
	bool is_legacy = mode && strcmp(mode, "legacy") == 0;
	long count = is_legacy ? 5 : 3;
	char *end;

	if (mode && !is_legacy && strcmp(mode, "standard") != 0 && strcmp(mode, "adaptive") != 0)
		return error_set(error, ATOMICDIR_USAGE, mode,
				 "AWS_RETRY_MODE (retry_mode) is none of standard, adaptive and legacy");
	if (attempts) {
		count = strtol(attempts, &end, 10);
		if (*attempts < '0' || *attempts > '9' || *end || count < 1 || count > ATTEMPTS_MOST)
			return error_set(error, ATOMICDIR_USAGE, attempts,
					 "AWS_MAX_ATTEMPTS (max_attempts) is no number from 1 to %d", ATTEMPTS_MOST);
	}
	*retry = (struct retry){ .attempts_max = (int)count, .quota = QUOTA };
	return 0;
}

int retry_take(struct retry *retry, bool is_throttled)
{
	int cost = is_throttled ? COST_THROTTLED : COST;

	if (cost > retry->quota)
		return 0;
	retry->quota -= cost;
	return cost;
}

void retry_give_back(struct retry *retry, int taken)
{
	retry->quota += taken ? taken : GAIN;
	if (retry->quota > QUOTA)
		retry->quota = QUOTA;
}

static int64_t random_below(int64_t limit)
{
	return limit > 0 ? backoff_random() % limit : 0;
}

void retry_pause(int attempt, bool is_throttled, int64_t asked_ms)
{
	int64_t limit = is_throttled ? DELAY_THROTTLED_MS : DELAY_MS, ms;
	struct timespec time;

	for (int i = 1; i < attempt && limit < DELAY_MAX_MS; i++)
		limit *= 2;
	ms = random_below(limit > DELAY_MAX_MS ? DELAY_MAX_MS : limit);
	/* The server's wish counts, but does not hold us up for long. */
	if (asked_ms > ms)
		ms = asked_ms < ms + ASKED_MORE_MS ? asked_ms : ms + ASKED_MORE_MS;
	time = (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}
