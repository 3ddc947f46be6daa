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
#include "dir/sync.h"

/* How a name is swapped: steps 8, 10 and 11 of a publication. An adoption has one of its own. */
struct swap {
	/* Step 8: makes the new name under a temporary one. Refuses, before anything has moved, what cannot be put in place. */
	int (*prepare)(const struct place *place, int64_t number, struct atomicdir_error *warning,
		       struct atomicdir_error *error);
	/* Between steps 9 and 10, when the generation is on disk: what readers have to find there at the moment of the swap. `by_file`:
	 * syncs go file by file. What it did before it failed the layout's mend takes back. NULL: nothing. */
	int (*announce)(const struct place *place, int64_t number, const struct live *before, bool by_file,
			struct atomicdir_error *error);
	/* Takes back what prepare made, after a publication that did not happen. */
	void (*forget)(const struct place *place, int64_t number);
	/* Step 10: moves the new name into place, if what stands there still is what `before` says. IN_DOUBT: what stands there can
	 * no longer be read, and may be the old or the new one. */
	enum outcome (*swap)(const struct place *place, int64_t number, const struct live *before,
			     struct atomicdir_error *error);
	/* After step 10: makes the swap itself durable, before mend changes what leads on and cannot be taken back. NULL: mend can be. */
	int (*decide)(const struct place *place, struct atomicdir_error *error);
	/* Step 11: makes the swap durable, and what mend has changed. `way`: one with a disk. */
	int (*make_durable)(const struct place *place, int64_t number, enum sync_way way, struct atomicdir_error *error);
};

/* Whether what stands at LINK has a layout. PERHAPS: there is a store, as after a first fill that died. UNKNOWN: with errno. */
enum at { AT_UNKNOWN = -1, AT_NOT, AT_PERHAPS, AT_CERTAINLY };

struct layout {
	enum atomicdir_layout kind;
	const char *name;
	int64_t keep, grace_ms; /* of a fill that states none */
	bool waits_out_grace;	/* a publication removes what it replaced itself, when its grace is over */
	/* mend moves the entries of a new generation to LINK, a directory, one by one. A crash leaves some unmoved: recovery goes on, and
	 * never back. So the generation's own directory is empty in the end, and older generations do not exist. */
	bool moves_entries;
	/* What stands at LINK, found so far. NULL for the layout that LINK has otherwise. */
	enum at (*is_at)(const struct place *place);
	/* Opens the directory of the swapped name, and sets the names in it. The store is the one that LINK leads to, else the one that
	 * is there; where there is none, the one that is to be made. */
	int (*locate)(struct place *place, enum place_use use, struct atomicdir_error *error);
	/* Sets the store's name anew, since LINK may have got another store. NULL: it always has the same name. */
	int (*find_store)(struct place *place, enum place_use use, struct atomicdir_error *error);
	/* What stands at LINK. -1 with errno. */
	int (*look)(const struct place *place, struct live *live);
	/* Whether this name at the top of a generation is kept for the layout's own use. */
	bool (*reserves)(const char *name);
	/* Step 4: removes what a killed writer left of a name that was not swapped. */
	void (*recover)(const struct place *place);
	/* Makes the names that readers use beside the swapped one those of the live generation, open as `top_fd` (number 0 and -1: nothing
	 * is live): after a swap, after one that did not happen, and in step 4, for whatever was lost since. NULL: there are none. */
	int (*mend)(const struct place *place, int64_t number, int top_fd, struct atomicdir_error *error);
	struct swap swap;
	/* The way out of atomicdir_remove(): removes what mend has moved to LINK, before the swapped name goes. It goes on after an error.
	 * NULL: nothing was moved. */
	int (*clear)(const struct place *place, const struct live *live, struct atomicdir_error *error);
	/* What stands at the swapped name once LINK is detached (detach.c). */
	enum stands detached;
	/* The live generation's content comes to where readers find it, for good. What it did before it failed is taken back by recover
	 * and mend. */
	int (*detach)(const struct place *place, const struct live *live, struct atomicdir_error *error);
	/* The last step of it, when nobody needs the old way any more. NULL: there is none. */
	int (*leave)(const struct place *place, const struct live *live, bool has_disk, struct atomicdir_error *error);
	/* How a directory at LINK that holds somebody's files comes to be of this layout, once their copy is sealed. NULL: it becomes a
	 * generation itself (adopt.c). */
	const struct swap *adoption;
	/* After an adoption that is known to be on disk: removes the originals once the grace is over. -1: with a warning. */
	int (*finish_adoption)(const struct place *place, int64_t number, int64_t grace_ms, bool has_disk,
			       struct atomicdir_error *warning);
	/* With the lock held, before LINK is looked at: takes back an adoption that died before that. NULL: there is nothing. */
	int (*settle)(const struct place *place, struct atomicdir_error *error);
};

/* The layout of what stands at LINK already; where nothing does the one that is `wanted`, or `link`. NULL: LINK has another one. */
const struct layout *layout_find(const struct place *place, int wanted, struct atomicdir_error *error);

/* Mends the names beside what stands at LINK, where that is ours or nothing. */
int layout_mend(const struct place *place, const struct live *live, struct atomicdir_error *error);

/* Refuses what needs generations besides the live one, where there are none. `what`: "'exec' needs". */
int layout_require_generations(const struct place *place, const char *what, struct atomicdir_error *error);

extern const struct layout layout_link, layout_volume, layout_files;

#endif
