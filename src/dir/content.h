/* SPDX-License-Identifier: ISC
 *
 * What readers find of the live generation: all that is in its own directory; or, where the layout moves it to LINK's directory, that
 * part of what is there which is the generation's.
 */
#ifndef DIR_CONTENT_H
#define DIR_CONTENT_H

#include "dir/live.h"
#include "dir/manifest.h"

struct content {
	int fd;			     /* -1: nothing is live */
	const struct manifest *only; /* what counts of the directory; NULL: all */
	struct manifest names;
};
#define CONTENT_INIT ((struct content){ .fd = -1 })

/* For the owner. -1: it cannot be opened. */
int content_open(struct content *content, const struct place *place, int64_t live, struct atomicdir_error *error);
void content_close(struct content *content);
#define cleanup_content cleanup(content_close)
/* The path that readers use for it, on the heap; NULL: no memory. */
char *content_path(const struct place *place, int64_t live);

#endif
