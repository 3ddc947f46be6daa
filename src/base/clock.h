/* SPDX-License-Identifier: ISC
 *
 * The one clock. What lasts or is due is counted by clock_ms(): nobody sets that clock, and it goes on while the machine
 * sleeps. Only a date, of this machine or of another one, is counted by clock_wall_ms(). moment.h writes dates.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds since this boot (CLOCK_BOOTTIME). */
int64_t clock_ms(void);
/* In one call, until a moment of clock_ms(). -1 with errno: a signal that is caught ends it. */
int clock_sleep_ms(int64_t ms);
/* Milliseconds since 1970, UTC. */
int64_t clock_wall_ms(void);
/* Whether a file with this time of change was changed so recently, or in the future, that a further change might leave the same time. */
bool clock_is_recent(struct timespec changed);
/* Whether a further change of a local file with this time of change would leave another time: it is before the kernel's last tick. */
bool clock_is_past(struct timespec changed);
bool clock_is_same(struct timespec a, struct timespec b);
/* The kernel's last tick, for the same question of a file that was looked at after it. */
struct timespec clock_tick(void);
bool clock_is_before(struct timespec changed, struct timespec tick);
/* Reads this boot's id, which differs from that of every other boot; "" if the kernel does not tell. 64 bytes are enough. */
void clock_read_boot(char *boot, size_t size);
/* A duration as options have it: "500ms", "30s", "5m". */
void clock_show(char text[static 32], int64_t ms);

#endif
