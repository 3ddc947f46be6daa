/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <time.h>

/* Neither clock can fail: Linux has had both since 2.6.39. */
static int64_t clock_read(clockid_t id)
{
	struct timespec now = { 0 };

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
	return clock_read(CLOCK_REALTIME);
}
