/* SPDX-License-Identifier: ISC
 *
 * All published generations and what is known of each: whether it is good, whether it is in the live one's line, and when it
 * was replaced. Retention, rollback and list use it.
 */
#ifndef DIR_HISTORY_H
#define DIR_HISTORY_H

#include "dir/info.h"
#include "dir/place.h"
#include "dir/retention.h"

struct history {
	struct retained *list; /* newest first */
	size_t count;
	struct retention rules; /* the caller sets keep and grace_ms */
};
#define HISTORY_INIT ((struct history){ 0 })
void history_clear(struct history *history);
#define cleanup_history cleanup(history_clear)

/* `found`: what the store holds; `live`: the live generation's number; `info`: its info, with the line complete. -1 with
 * errno. */
int history_read(struct history *history, const struct place *place, const struct found_list *found, int64_t live,
		 const struct info *info, const char *boot);

#endif
