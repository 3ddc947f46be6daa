/* SPDX-License-Identifier: ISC
 *
 * What is known of all published generations together: which are there, which are good, what was live before what, and when each was
 * replaced. Retention, rollback and list go by it.
 */
#ifndef DIR_HISTORY_H
#define DIR_HISTORY_H

#include "dir/info.h"
#include "dir/place.h"
#include "dir/retention.h"

struct history {
	struct retained *list; /* newest first */
	size_t count;
	struct retention rules; /* without keep and grace, which depend on who asks */
};
#define HISTORY_INIT ((struct history){ 0 })
void history_clear(struct history *history);
#define cleanup_history cleanup(history_clear)

/* Of what was found, where `live` is live and `info` is what is known of it, with its line complete. -1 with errno. */
int history_read(struct history *history, const struct place *place, const struct found_list *found, int64_t live,
		 const struct info *info, const char *boot);

#endif
