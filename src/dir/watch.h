/* SPDX-License-Identifier: ISC
 *
 * How a change of LINK is noticed: inotify(7) on the symlink's own inode, which tells of its replacement and removal and of
 * nothing else. Only while nothing stands at LINK is its directory watched. The directories above are watched for being moved.
 *
 * A watch that is set before LINK is looked at misses nothing: whichever inode it is on, if that is no longer LINK's the watch has
 * fired. It is set anew after each event. One instance serves all along, since closing one takes the kernel milliseconds.
 */
#ifndef DIR_WATCH_H
#define DIR_WATCH_H

#include <stdbool.h>

#include "dir/place.h"

/* How often LINK is looked at where it cannot be watched. */
#define WATCH_TICK_MS 500

struct watch {
	int fd;		/* readable once something may have changed; -1: LINK cannot be watched */
	int errnum;	/* why not; 0: see is_remote */
	bool is_remote; /* the file system does not tell what other hosts change */
};
#define WATCH_INIT ((struct watch){ .fd = -1 })

/* Forgets what it has told so far, and watches what stands at LINK now. */
void watch_set(struct watch *watch, const struct place *place);
void watch_close(struct watch *watch);
#define cleanup_watch cleanup(watch_close)

/* Makes *warning say that LINK is looked at every WATCH_TICK_MS, and why; nothing where it is watched, or a warning is there. */
void watch_warn(const struct watch *watch, const char *link, struct atomicdir_error *warning);

#endif
