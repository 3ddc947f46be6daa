/* SPDX-License-Identifier: ISC
 *
 * Detaching, the reverse of an adoption: in one rename the live generation becomes a real directory at LINK. Then the store is
 * removed.
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
#include <time.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "dir/begin.h"
#include "dir/dismantle.h"
#include "dir/layout.h"
#include "dir/links.h"

#define GRACE_LEAST_MS 1000

/* ---- What is refused ---- */

/* Whether a symlink is absolute and goes through the store, which will be removed. Not inlined: its buffer would otherwise be
 * on the stack at each level of the walk's recursion. */
static __attribute__((noinline)) bool detach_leads_into_store(const struct place *place, const struct walk_entry *entry)
{
	char text[PATH_MAX], store[NAME_SIZE + 3];
	ssize_t size = readlinkat(entry->directory_fd, entry->name, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = '\0';
	snprintf(store, sizeof(store), "/%s/", place->name.store);
	return *text == '/' && strstr(text, store);
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

/* A reader may have read LINK's target, STORE/N, just before the exchange, and follow it just after. It then finds at STORE/N
 * the old symlink, whose target STORE/N is now relative to the store: STORE/STORE/N. The detour is a symlink there that leads
 * to LINK. */
static int detach_make_detour(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE], text[NAME_SIZE + 8];
	cleanup_fd int fd = create_directory_at(place->store_fd, place->name.store, 0711);
	struct stat store;

	name_number(name, number, "");
	snprintf(text, sizeof(text), "../../%s", place->name.base);
	if (fd < 0 || fstat(place->store_fd, &store) < 0 || create_link_at(fd, name, text, store.st_uid, store.st_gid) < 0 ||
	    give_to_owner_of(place->store_fd, fd) < 0)
		return error_system(error, errno, place->name.store,
				    "cannot make the temporary symlink for current readers in the store");
	return 0;
}

/* Whether the exchange has happened although the call failed: network and FUSE file systems are known to report that. */
static bool detach_has_happened(const struct writer *writer)
{
	struct stat open;
	struct live now;

	return fstat(writer->live.fd, &open) == 0 && live_look(&writer->place, &now) == 0 && now.stands == STANDS_DIRECTORY &&
	       now.device == open.st_dev && now.inode == open.st_ino;
}

/* The rename changes the directory's "..", which needs its owner's write bit. A crash in between leaves that bit set. */
static int detach_rename(const struct writer *writer)
{
	const struct place *place = &writer->place;
	struct lending lending = { .fd = -1 };
	char name[NAME_NUMBER_SIZE];
	int done, errnum;

	name_number(name, writer->live.number, "");
	done = renameat2(place->store_fd, name, place->parent_fd, place->name.base, RENAME_EXCHANGE);
	if (done < 0 && errno == EACCES && lending_begin(&lending, writer->live.fd) == 0)
		done = renameat2(place->store_fd, name, place->parent_fd, place->name.base, RENAME_EXCHANGE);
	errnum = errno;
	lending_end(&lending);
	if (done < 0 && detach_has_happened(writer))
		return 0;
	errno = errnum;
	return done;
}

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
	if (detach_rename(writer) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS || errno == EXDEV) {
		error_system(error, errno, link, "cannot detach");
		error_append(error,
			     "this file system cannot exchange a symlink for a directory; copy the live generation, remove "
			     "the symlink, and move the copy there instead");
		return -1;
	}
	if (errno == EBUSY)
		return error_system(error, errno, link, "cannot detach the mount point");
	return error_system(error, errno, link, "cannot exchange the symlink for the directory");
}

/* ---- The steps in their order ---- */

static int detach_make_durable(const struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;

	if (!sync_way_has_disk(writer->way) || is_broken("detach-not-synced"))
		return 0;
	if (sync_fd(place->parent_fd, place->name.parent, error) < 0)
		return -1;
	return sync_fd(place->store_fd, place->name.store, error);
}

/* Waits in one system call, so that a caught signal ends the wait: -1 with EINTR. */
static int detach_wait(int64_t ms)
{
	int64_t end_ms = clock_ms() + ms;
	struct timespec end = { end_ms / 1000, end_ms % 1000 * 1000000 };

	errno = ms > 0 ? clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &end, NULL) : 0;
	return errno ? -1 : 0;
}

/* The steps after the exchange, which was made by this call or by one that was killed. */
static enum outcome detach_finish(struct writer *writer, int64_t wait_ms, struct atomicdir_error *error)
{
	const char *link = writer->place.name.link;

	if (detach_make_durable(writer, error) < 0) {
		error->kind = ATOMICDIR_NOT_DURABLE;
		error_append(error, "'%s' is a directory now, but a power cut may undo that; run it again", link);
		return OUTCOME_IN_DOUBT;
	}
	if (detach_wait(wait_ms) < 0)
		error_warn(&writer->warning, errno, link,
			   "detached, but the wait for readers was cut short; run it again to remove the store of");
	else
		dismantle(writer);
	return OUTCOME_PUBLISHED;
}

static enum outcome detach(struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;
	int64_t grace_ms = writer->grace_ms < GRACE_LEAST_MS ? GRACE_LEAST_MS : writer->grace_ms;
	bool is_directory = writer->live.stands == STANDS_DIRECTORY;

	if (is_directory && writer->store.is_unused)
		return OUTCOME_UNCHANGED;
	if (is_directory && dismantle_check_pins(writer, 0, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (!is_directory && detach_check(writer, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (writer->options.dry_run)
		return OUTCOME_PUBLISHED;
	if (is_directory)
		return detach_finish(writer, 0, error);
	if (detach_make_detour(place, writer->live.number, error) < 0 || detach_exchange(writer, error) < 0) {
		place->layout->recover(place);
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
