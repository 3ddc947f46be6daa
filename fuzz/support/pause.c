/* SPDX-License-Identifier: ISC */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

__thread int fuzz_pause_max_s;

/* In libc's place. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
	if (!fuzz_pause_max_s)
		return (int)syscall(SYS_nanosleep, time, left);
	must(time->tv_sec >= 0 && time->tv_sec < fuzz_pause_max_s && time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
	return 0;
}
