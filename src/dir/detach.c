/* SPDX-License-Identifier: ISC
 *
 * Detaching, the reverse of an adoption: what is live takes the place of our symlinks, as real files and directories. Then the
 * store is removed. How it takes their place is the layout's `detach`. If LINK itself is swapped:
 *
 *	step				a crash just after it leaves
 *	make the detour			a directory in the store, which the next writer removes
 *	exchange LINK and N		a directory at LINK, and a store that the next detach removes or the next adoption uses again;
 *					after a power cut LINK may still be the symlink
 *	sync both directories		the directory at LINK, now also after a power cut, and the store
 *	wait for the grace		the same
 *	remove the store		a part of the store; the lock is removed last, so the next detach removes the rest
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "dir/begin.h"
#include "dir/dismantle.h"
#include "dir/layout.h"
#include "dir/links.h"

/* ---- What is refused ---- */

/* Whether a symlink is absolute and goes through the store, which will be removed, or through the swapped name if that is removed
 * too. Not inlined: its buffer would otherwise be on the stack at each level of the walk's recursion. */
static __attribute__((noinline)) bool detach_leads_into_store(const struct place *place, const struct walk_entry *entry)
{
	char text[PATH_MAX], store[NAME_SIZE + 3], swapped[NAME_SIZE + 3];
	ssize_t size = readlinkat(entry->directory_fd, entry->name, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = '\0';
	snprintf(store, sizeof(store), "/%s/", place->name.store);
	snprintf(swapped, sizeof(swapped), "/%s/", place->name.base);
	return *text == '/' && (strstr(text, store) || (place->layout->detached == STANDS_NOTHING && strstr(text, swapped)));
}

static int detach_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct links *links = arg;

	if (!S_ISLNK(entry->facts.mode))
		return 0;
	if (detach_leads_into_store(links->place, entry))
		return error_object(
			error, ATOMICDIR_FAILED, entry->path,
			"is a symlink through the store, which will be removed; let it lead through '%s', or make it relative",
			links->place->name.link);
	return links_check(links, entry, error);
}

/* The directory moves one level up, so its relative symlinks must not lead out of it. */
static int detach_check_links(const struct writer *writer, struct atomicdir_error *error)
{
	struct links links = { .place = &writer->place, .top_fd = writer->live.fd, .leaving = LINKS_MUST_STAY, .from_fd = -1 };
	struct walk walk = { .visit = detach_visit, .arg = &links, .is_generation = true, .may_lend = true };
	int done = tree_walk(&walk, writer->live.fd, error);

	links_clear(&links);
	return done;
}

static int detach_check(const struct writer *writer, struct atomicdir_error *error)
{
	const char *link = writer->place.name.link;

	if (live_require_ours(&writer->live, &writer->place, error) < 0)
		return -1;
	if (!writer->live.number)
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "has no live generation to become a directory");
	if (writer->live.fd < 0)
		return error_object(error, ATOMICDIR_FAILED, link,
				    "cannot be detached: generation %" PRId64 " cannot be opened", writer->live.number);
	if (writer->last_swap == OUTCOME_IN_DOUBT)
		return error_object(error, ATOMICDIR_FAILED, link,
				    "cannot be detached: generation %" PRId64 " could not be made durable",
				    writer->live.number);
	return detach_check_links(writer, error) < 0 ? -1 : dismantle_check_pins(writer, writer->live.number, error);
}

/* ---- The exchange ---- */

static int detach_exchange(struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;
	const char *link = place->name.link;
	struct live now;

	if (live_look(place, &now) < 0)
		return error_system(error, errno, link, "cannot examine");
	if (!live_is_same(&now, &writer->live))
		return error_object(error, ATOMICDIR_FAILED, link, "was changed by another process meanwhile");
	if (store_check_held(&writer->store, place, error) < 0 ||
	    place_check_generation(place, writer->live.number, writer->live.fd, error) < 0)
		return -1;
	return place->layout->detach(place, &writer->live, error);
}

/* ---- The steps in their order ---- */

static int detach_make_durable(const struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;

	if (!sync_way_has_disk(writer->way) || is_broken("detach-not-synced"))
		return 0;
	if (sync_fd(place->parent_fd, place->name.parent, error) < 0)
		return -1;
	return sync_fd(place->store_fd, place->name.store_path, error);
}

static enum outcome detach_doubt(const struct writer *writer, struct atomicdir_error *error)
{
	error->kind = ATOMICDIR_NOT_DURABLE;
	error_append(error, "'%s' is a directory now, but a power cut may undo that; run it again", writer->place.name.link);
	return OUTCOME_IN_DOUBT;
}

/* The steps after the exchange, which was made by this call or by one that was killed. */
static enum outcome detach_finish(struct writer *writer, int64_t wait_ms, struct atomicdir_error *error)
{
	const struct layout *layout = writer->place.layout;
	bool has_disk = sync_way_has_disk(writer->way);

	if (detach_make_durable(writer, error) < 0)
		return detach_doubt(writer, error);
	if (clock_sleep_ms(wait_ms) < 0) {
		error_warn(&writer->warning, errno, writer->place.name.link,
			   "detached, but the wait for readers was cut short; run it again to remove the store of");
		return OUTCOME_PUBLISHED;
	}
	if (layout->leave && layout->leave(&writer->place, &writer->live, has_disk, error) < 0)
		return detach_doubt(writer, error);
	/* Our own lock on it would be taken for a reader's. */
	live_close(&writer->live);
	dismantle(writer);
	return OUTCOME_PUBLISHED;
}

static void detach_undo(const struct writer *writer)
{
	const struct place *place = &writer->place;
	struct atomicdir_error ignored;

	place->layout->recover(place);
	(void)layout_mend(place, &writer->live, &ignored);
}

static enum outcome detach(struct writer *writer, struct atomicdir_error *error)
{
	int64_t least_ms = writer->place.layout->moves_entries ? 0 : GRACE_LEAST_MS; /* nobody reads in the store */
	int64_t grace_ms = writer->grace_ms < least_ms ? least_ms : writer->grace_ms;
	bool is_done = writer->live.stands == writer->place.layout->detached;

	if (is_done && writer->store.is_unused)
		return OUTCOME_UNCHANGED;
	if (is_done && dismantle_check_pins(writer, 0, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (!is_done && detach_check(writer, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (writer->options.dry_run)
		return OUTCOME_PUBLISHED;
	if (is_done)
		return detach_finish(writer, 0, error);
	if (detach_exchange(writer, error) < 0) {
		detach_undo(writer);
		return OUTCOME_NOT_PUBLISHED;
	}
	return detach_finish(writer, grace_ms, error);
}

int atomicdir_detach(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error)
{
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;
	struct atomicdir_error own;
	struct writer writer;

	error = error_or(error, &own);
	if (writer_begin(&writer, link, options, BEGIN_WITH_ANYTHING, error) == 0) {
		outcome = detach(&writer, error);
		store_unmake(&writer.store, &writer.place);
	}
	if (outcome != OUTCOME_IN_DOUBT)
		writer_report(&writer, outcome, error);
	writer_end(&writer);
	return outcome_result(outcome);
}
