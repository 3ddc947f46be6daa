/* SPDX-License-Identifier: ISC
 *
 * Removes LINK, and then the store.
 *
 *	step				a crash just after it leaves
 *	LINK is unlinked		a store that the next removal finishes, or the next fill uses again; LINK as it was, where the power
 *					was cut before the next step
 *	its directory is synced		the same, for good: until then nothing that LINK led to is removed
 *	the store goes			less of it; its lock goes last
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/error.h"
#include "dir/begin.h"
#include "dir/dismantle.h"
#include "dir/layout.h"

static int unpublish_link(const struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;
	struct live now;
	int errnum;

	if (live_look(place, &now) < 0)
		return error_system(error, errno, place->name.link, "cannot examine");
	if (!live_is_same(&now, &writer->live))
		return error_object(error, ATOMICDIR_FAILED, place->name.link, "was changed by another process meanwhile");
	if (now.stands == STANDS_NOTHING || unlinkat(place->parent_fd, place->name.base, 0) == 0)
		return 0;
	errnum = errno;
	/* Network and FUSE file systems are known to report an error for a removal that has happened. */
	if (live_look(place, &now) == 0 && now.stands == STANDS_NOTHING)
		return 0;
	return error_system(error, errnum, place->name.swapped, "cannot remove the symlink");
}

/* What was moved to LINK goes first, and is known to be gone before the symlink goes that says whose it was. A directory that has to stay,
 * since others have something in it, is a warning. */
static int unpublish_moved(struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;
	const struct layout *layout = place->layout;

	if (!layout->clear)
		return 0;
	if (layout->clear(place, &writer->live, error) < 0) {
		if (error->errnum != EEXIST)
			return -1;
		error_warn(&writer->warning, 0, NULL, "%s", error->text);
		error_clear(error);
	}
	if (!sync_way_has_disk(writer->way))
		return 0;
	return layout->swap.make_durable(place, writer->live.number, writer->way, error);
}

static enum outcome unpublish_doubt(const struct writer *writer, const char *claim, struct atomicdir_error *error)
{
	error->kind = ATOMICDIR_NOT_DURABLE;
	error_append(error, "'%s' is removed, but %s; run it again", writer->place.name.link, claim);
	return OUTCOME_IN_DOUBT;
}

/* They lead nowhere any more; what has to stay is a warning. */
static void unpublish_names(struct writer *writer)
{
	const struct layout *layout = writer->place.layout;
	struct atomicdir_error why;

	error_clear(&why);
	if (layout->mend && layout->mend(&writer->place, 0, -1, &why) < 0)
		error_warn(&writer->warning, 0, NULL, "%s", why.text);
}

static enum outcome unpublish(struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;

	if (writer->live.stands == STANDS_NOTHING && writer->store.is_unused)
		return OUTCOME_UNCHANGED;
	if (live_hold(&writer->live, &writer->place, error) < 0 || dismantle_check_pins(writer, writer->live.number, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (writer->options.dry_run)
		return OUTCOME_PUBLISHED;
	if (unpublish_moved(writer, error) < 0)
		return unpublish_doubt(writer, "perhaps only in part", error);
	if (unpublish_link(writer, error) < 0)
		return place->layout->clear ? unpublish_doubt(writer, "perhaps only in part", error) : OUTCOME_NOT_PUBLISHED;
	unpublish_names(writer);
	if (sync_way_has_disk(writer->way) && !is_broken("removal-not-synced") &&
	    sync_fd(place->parent_fd, place->name.parent, error) < 0)
		return unpublish_doubt(writer, "a power cut may undo that", error);
	/* dismantle() would take our own lock on it for a reader's pin. */
	live_close(&writer->live);
	dismantle(writer);
	return OUTCOME_PUBLISHED;
}

int atomicdir_remove(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error)
{
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;
	struct atomicdir_error own;
	struct writer writer;

	error = error_or(error, &own);
	if (writer_begin(&writer, link, options, BEGIN_WITH_OURS, error) == 0) {
		outcome = unpublish(&writer, error);
		store_unmake(&writer.store, &writer.place);
	}
	if (outcome != OUTCOME_IN_DOUBT)
		writer_report(&writer, outcome, error);
	writer_end(&writer);
	return outcome_result(outcome);
}
