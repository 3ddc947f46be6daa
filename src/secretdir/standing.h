/* SPDX-License-Identifier: ISC
 *
 * How things stand: what the rounds so far have done, which is all that the schedule, `status` and metrics go by. It holds no pointer,
 * so that a supervisor and its rounds, which are processes of their own, can share one in memory; and no secret.
 */
#ifndef SECRETDIR_STANDING_H
#define SECRETDIR_STANDING_H

#include <atomicdir.h>

#include "secretdir/schedule.h"

#define STANDING_KINDS 11 /* exit statuses */

/* The same moment of both clocks: 0: never. */
struct instant {
	int64_t ms, wall_ms;
};

enum push { PUSH_OFF, PUSH_CONNECTED, PUSH_POLLING };

struct standing {
	struct instant last_attempt, last_success, last_change, next; /* next.ms -1: there is no next round */
	int64_t last_full_ms;					      /* of clock_ms(); -1: never */
	int64_t prune_ms;      /* when what was replaced may be removed; -1: there is nothing */
	int64_t keys_until_ms; /* the keys of the last round are good so long; -1: there are none to keep */
	int64_t live, files;   /* the live generation's number and files; 0: none */
	int64_t published_s;   /* since 1970 */
	int64_t ignored;       /* messages of the queue that were of no concern */
	int64_t publications, failures_of[STANDING_KINDS], rounds;
	bool is_good; /* the live one's hook has ended well, or it has none */
	bool is_hook_failed, is_held_back, is_event_open;
	int status;	   /* of the last round */
	unsigned failures; /* see struct schedule_past */
	enum push push;
	char error[1024];   /* of the last round; "": it went well */
	char warning[1024]; /* why entries that were read again are not those in use; "": they are */
};

#define STANDING_INIT ((struct standing){ .last_full_ms = -1, .prune_ms = -1, .keys_until_ms = -1, .next = { -1, 0 } })

/* What a round has come to. */
struct round_end {
	int status;
	const char *error; /* "": none */
	bool is_full, is_changed, is_held_back, is_throttled, is_event_open;
	int64_t prune_ms;     /* as above */
	int64_t keys_left_ms; /* as round_keys_left_ms() has it */
};

#define ROUND_END_INIT ((struct round_end){ .error = "", .prune_ms = -1, .keys_left_ms = -1 })

struct instant instant_now(void);
/* Takes the end of a round into account, with what is live at LINK now; `schedule` NULL: no round follows. */
void standing_take(struct standing *standing, const struct round_end *end, const char *link, const struct schedule *schedule,
		   uint32_t random);

#endif
