/* SPDX-License-Identifier: ISC
 *
 * The seam for layouts: how a name that readers use comes to lead to a generation. All else of a publication is the same for every
 * layout. A new layout is a file layout_NAME.c that fills one `struct layout`, and a row in layout.c.
 */
#ifndef DIR_LAYOUT_H
#define DIR_LAYOUT_H

#include <stdbool.h>

#include "dir/live.h"
#include "dir/outcome.h"
#include "dir/place.h"

/* How a name is swapped: steps 8, 10 and 11 of a publication. An adoption has one of its own. */
struct swap {
	/* Step 8: makes the new name under a temporary one. */
	int (*prepare)(const struct place *place, int64_t number, struct atomicdir_error *error);
	/* Takes back what prepare made, after a publication that did not happen. */
	void (*forget)(const struct place *place, int64_t number);
	/* Step 10: moves the new name into place, if what stands there still is what `before` says. IN_DOUBT: what stands there can
	 * no longer be read, and may be the old or the new one. */
	enum outcome (*swap)(const struct place *place, int64_t number, const struct live *before,
			     struct atomicdir_error *error);
	/* Step 11: makes the swap durable. */
	int (*make_durable)(const struct place *place, struct atomicdir_error *error);
};

struct layout {
	enum atomicdir_layout kind;
	int64_t keep, grace_ms; /* of a fill that states none */
	/* Sets the name of the store that belongs to LINK: the one that LINK leads to, else the one that is there; where there is none,
	 * the one that is to be made. Names have at most `name_max` bytes. */
	int (*locate)(struct place *place, bool is_visible, long name_max, struct atomicdir_error *error);
	/* What stands at LINK. -1 with errno. */
	int (*look)(const struct place *place, struct live *live);
	/* Whether this name at the top of a generation is kept for the layout's own use. */
	bool (*reserves)(const char *name);
	/* Step 4: removes what a killed writer left of a name that was not swapped. */
	void (*recover)(const struct place *place);
	struct swap swap;
};

/* The layout of what stands at LINK already; where nothing does, `link`. */
const struct layout *layout_find(void);

extern const struct layout layout_link;

#endif
