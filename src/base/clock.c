/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"

#define CLOCK_TICK_NS 20000000 /* two changes of a file within this time may leave the same timestamp */

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

int clock_sleep_ms(int64_t ms)
{
	int64_t end_ms = clock_ms() + ms;
	struct timespec end = { end_ms / 1000, end_ms % 1000 * 1000000 };

	errno = ms > 0 ? clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &end, NULL) : 0;
	return errno ? -1 : 0;
}

int64_t clock_wall_ms(void)
{
	return clock_read(CLOCK_REALTIME);
}

bool clock_is_recent(struct timespec changed)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)(now.tv_sec - changed.tv_sec) * 1000000000 + (now.tv_nsec - changed.tv_nsec) < CLOCK_TICK_NS;
}

bool clock_is_same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

struct timespec clock_tick(void)
{
	struct timespec tick;

	clock_gettime(CLOCK_REALTIME_COARSE, &tick);
	return tick;
}

bool clock_is_before(struct timespec changed, struct timespec tick)
{
	return changed.tv_sec < tick.tv_sec || (changed.tv_sec == tick.tv_sec && changed.tv_nsec < tick.tv_nsec);
}

bool clock_is_past(struct timespec changed)
{
	return clock_is_before(changed, clock_tick());
}

/* proc(5) */
void clock_read_boot(char *boot, size_t size)
{
	cleanup_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read_all(fd, boot, size - 1);

	boot[got > 0 ? got : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
}

void clock_show(char text[static 32], int64_t ms)
{
	if (ms % 1000)
		snprintf(text, 32, "%" PRId64 "ms", ms);
	else if (ms % 60000)
		snprintf(text, 32, "%" PRId64 "s", ms / 1000);
	else
		snprintf(text, 32, "%" PRId64 "m", ms / 60000);
}
