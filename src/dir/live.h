/* SPDX-License-Identifier: ISC
 *
 * What stands at LINK, and the live generation if there is one. A dangling symlink of our form counts as ours, with nothing
 * live.
 */
#ifndef DIR_LIVE_H
#define DIR_LIVE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "dir/place.h"

enum stands {
	STANDS_NOTHING,
	STANDS_OURS,	/* of our form exactly, dangling or not */
	STANDS_SYMLINK, /* somebody else's */
	STANDS_DIRECTORY,
	STANDS_OTHER
};

struct live {
	enum stands stands;
	int64_t named;	/* OURS: the number in the symlink */
	int64_t number; /* the live generation's; 0: nothing is live */
	int fd;		/* its directory; -1: not open */
	dev_t device;	/* `device` and `inode` are those of what stands there */
	ino_t inode;
	char text[4096]; /* a symlink's target */
};
#define LIVE_INIT ((struct live){ .fd = -1 })

/* What stands at LINK; `number` and `fd` stay unset. -1 with errno where it cannot be known. */
int live_look(const struct place *place, struct live *live);
/* Whether what stands there is what stood there before. */
bool live_is_same(const struct live *now, const struct live *before);
/* Refuses what we did not make. */
int live_require_ours(const struct live *live, const struct place *place, struct atomicdir_error *error);
/* For the owner: opens the generation that LINK names, if it is there. One that cannot be opened is live all the same. */
void live_open(const struct place *place, struct live *live);
/* For readers: finds whether the generation that LINK names is there. */
int live_find(const struct place *place, struct live *live, struct atomicdir_error *error);
/* Keeps readers from pinning it, until it is closed. BUSY: one has it pinned. */
int live_hold(const struct live *live, const struct place *place, struct atomicdir_error *error);
void live_close(struct live *live);
#define cleanup_live cleanup(live_close)

#endif
