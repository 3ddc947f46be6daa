/* SPDX-License-Identifier: ISC */
#include "base/backoff.h"

#include <sys/random.h>

#define FIRST_MS 1000

int64_t backoff_ms(int failures, int64_t most_ms, uint32_t random)
{
	int64_t time_ms = FIRST_MS;

	for (int i = 1; i < failures && time_ms < most_ms; i++)
		time_ms *= 2;
	if (time_ms > most_ms)
		time_ms = most_ms;
	return time_ms / 2 + random % (time_ms - time_ms / 2 + 1);
}

uint32_t backoff_random(void)
{
	uint32_t random = 0;

	return getrandom(&random, sizeof(random), 0) == sizeof(random) ? random : 0;
}
