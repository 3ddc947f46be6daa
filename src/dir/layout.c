/* SPDX-License-Identifier: ISC */
#include "dir/layout.h"

#include <errno.h>

#include "base/error.h"

/* One row for each layout; the first is that of a LINK that has none yet. */
static const struct layout *const layouts[] = { &layout_link, &layout_volume, &layout_files };
#define LAYOUTS (sizeof(layouts) / sizeof(*layouts))

/* *found NULL: LINK has none yet. Where it may have several, it is the wanted one, else the first. -1 with errno: that cannot be known. */
static int layout_look(const struct place *place, enum atomicdir_layout wanted, const struct layout **found)
{
	*found = NULL;
	for (size_t i = 1; i < LAYOUTS; i++) {
		enum at at = layouts[i]->is_at(place);

		if (at == AT_UNKNOWN)
			return -1;
		if (at == AT_CERTAINLY) {
			*found = layouts[i];
			return 0;
		}
		if (at == AT_PERHAPS && (!*found || layouts[i]->kind == wanted))
			*found = layouts[i];
	}
	return 0;
}

const struct layout *layout_find(const struct place *place, int wanted, struct atomicdir_error *error)
{
	const struct layout *found, *stated;

	if (layout_look(place, (enum atomicdir_layout)wanted, &found) < 0) {
		error_system(error, errno, place->name.link, "cannot examine");
		return NULL;
	}
	stated = found ? found : layouts[0];
	for (size_t i = 0; i < LAYOUTS; i++)
		if (layouts[i]->kind == (enum atomicdir_layout)wanted)
			stated = layouts[i];
	if (found && found != stated) {
		error_object(error, ATOMICDIR_FAILED, place->name.link,
			     "has the layout %s; leave the layout out, or detach or remove it first", found->name);
		error->errnum = EEXIST;
		return NULL;
	}
	return stated;
}

int layout_mend(const struct place *place, const struct live *live, struct atomicdir_error *error)
{
	const struct layout *layout = place->layout;

	if (!layout->mend || (live->stands != STANDS_OURS && live->stands != STANDS_NOTHING))
		return 0;
	if (live->number && live->fd < 0)
		return error_object(error, ATOMICDIR_FAILED, place->name.link, "has a live generation that cannot be opened");
	return layout->mend(place, live->number, live->fd, error);
}

int layout_require_generations(const struct place *place, const char *what, struct atomicdir_error *error)
{
	if (!place->layout->moves_entries)
		return 0;
	return error_object(
		error, ATOMICDIR_USAGE, place->name.link,
		"has the layout %s, in which each file is replaced by itself and no generation is kept; %s the layout link "
		"or volume",
		place->layout->name, what);
}
