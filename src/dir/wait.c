/* SPDX-License-Identifier: ISC
 *
 * Waiting for a generation. The watch is set first and LINK is looked at after it, so that no change falls in between; after each
 * event both are done anew, from LINK's path on.
 *
 * The path counts: where a directory above LINK was replaced, what the path leads to now is looked at. Where it leads nowhere,
 * because a directory was moved away, the directory that it led to before is looked at: renames above LINK lose nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/libc.h"
#include "dir/layout.h"
#include "dir/live.h"
#include "dir/place.h"
#include "dir/watch.h"

/* A mount over a directory above LINK is no event for anybody: it is noticed after this time. */
#define WAIT_LOOK_MS 60000

/* What tells one generation from another of the same number: after a removal numbers begin at 1 again. */
struct wait_identity {
	bool is_known;
	ino_t inode; /* compared where the file system tells no time of birth */
	struct statx_timestamp born;
};

struct wait {
	const char *link;
	int64_t since;
	struct place held;	     /* where LINK's path led when it led somewhere last */
	struct wait_identity before; /* generation `since` at the first look that found it live */
	struct watch watch;
	bool was_gone;	/* LINK was seen not to be ours: whatever comes next is another one than before */
	bool is_absent; /* nothing stands at LINK */
	bool is_astray; /* LINK's path leads nowhere now, or elsewhere */
};

static void wait_clear(struct wait *wait)
{
	watch_close(&wait->watch);
	place_close(&wait->held);
}
#define cleanup_wait cleanup(wait_clear)

/* ---- Looking ---- */

/* Whether the live generation is another one than at the first look, though it has the same number. */
static bool wait_is_another(struct wait *wait, const struct place *place, int64_t number)
{
	struct wait_identity now = { .is_known = true }, *before = &wait->before;
	char name[NAME_NUMBER_SIZE];
	struct statx status;

	name_number(name, number, "");
	if (statx(place->store_fd, name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) < 0)
		return false;
	now.inode = status.stx_ino;
	if (status.stx_mask & STATX_BTIME)
		now.born = status.stx_btime;
	if (!before->is_known) {
		*before = now;
		return false;
	}
	if (now.born.tv_sec || before->born.tv_sec)
		return now.born.tv_sec != before->born.tv_sec || now.born.tv_nsec != before->born.tv_nsec;
	return now.inode != before->inode;
}

static bool wait_is_wanted(struct wait *wait, const struct place *place, int64_t number)
{
	return number && (number != wait->since || wait->was_gone || wait_is_another(wait, place, number));
}

/* The number that is live, unless it is `since`; 0: nothing else is live. What is not ours counts as nothing: it may be taken over
 * later. A symlink that is replaced while it is read is gone or no symlink; the watch, if there is one, has told. */
static int64_t wait_look(struct wait *wait, struct place *place, struct atomicdir_error *error)
{
	struct live live;

	/* The store may have got another name since the place was opened, which was before the watch. */
	if (place->layout->find_store && place->layout->find_store(place, PLACE_TO_READ, error) < 0)
		return -1;
	if (live_look(place, &live) < 0 && errno != ENOENT && errno != EINVAL)
		return error_system(error, errno, wait->link, "cannot examine");
	/* A directory may become a volume, which it does not tell. */
	wait->is_absent = live.stands == STANDS_NOTHING || live.stands == STANDS_DIRECTORY;
	wait->was_gone = wait->was_gone || live.stands != STANDS_OURS;
	if (live.stands != STANDS_OURS)
		return 0;
	if (place_find_store(place, error) < 0 || live_find(place, &live, error) < 0)
		return -1;
	return wait_is_wanted(wait, place, live.number) ? live.number : 0;
}

static bool wait_leads_nowhere(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == ESTALE;
}

/* Opens the place that is looked at: `held` is replaced if LINK's path leads somewhere. */
static int wait_open(struct wait *wait, struct atomicdir_error *error)
{
	struct place now;
	struct atomicdir_error own;

	error_clear(&own);
	wait->is_astray = false;
	if (place_open(&now, wait->link, ATOMICDIR_LAYOUT_AUTO, PLACE_TO_READ, &own) == 0) {
		place_close(&wait->held);
		wait->held = now;
		return 0;
	}
	place_close(&now);
	close_fd(&wait->held.store_fd);
	wait->is_astray = wait->held.parent_fd >= 0 && wait_leads_nowhere(own.errnum);
	if (wait->is_astray)
		return 0;
	*error = own;
	return -1;
}

/* Whether LINK's path still leads to the directory that was opened: from now on the watch tells if it no longer does. */
static bool wait_is_in_place(const struct place *place)
{
	struct stat named, open;

	return stat(place->name.parent, &named) == 0 && fstat(place->parent_fd, &open) == 0 && named.st_dev == open.st_dev &&
	       named.st_ino == open.st_ino;
}

/* The number, 0 or -1. */
static int64_t wait_open_and_look(struct wait *wait, bool is_watching, struct atomicdir_error *error)
{
	if (wait_open(wait, error) < 0 || layout_require_generations(&wait->held, "waiting for one needs", error) < 0)
		return -1;
	if (is_watching) {
		watch_set(&wait->watch, &wait->held);
		watch_warn(&wait->watch, wait->link, error);
		wait->is_astray = wait->is_astray || !wait_is_in_place(&wait->held);
	}
	return wait_look(wait, &wait->held, error);
}

/* ---- Waiting ---- */

/* How long to sleep: until the time is over, or it is time to look without having been told; left_ms -1: for ever. An empty directory
 * may be removed, and made again, which it does not tell while we have it open. */
static int wait_sleep_ms(const struct wait *wait, int64_t left_ms)
{
	int most = wait->watch.fd < 0 || wait->is_astray || wait->is_absent ? WATCH_TICK_MS : WAIT_LOOK_MS;

	return left_ms >= 0 && left_ms < most ? (int)left_ms : most;
}

int64_t atomicdir_wait(const char *link, int64_t since, int64_t timeout_ms, struct atomicdir_error *error)
{
	cleanup_wait struct wait wait = { .link = link, .since = since, .held = PLACE_INIT, .watch = WATCH_INIT };
	int64_t begin_ms = clock_ms(), left_ms = -1, number;
	struct atomicdir_error own;

	error = error_or(error, &own);
	number = wait_open_and_look(&wait, false, error);
	if (number || !timeout_ms)
		return number;
	while ((number = wait_open_and_look(&wait, true, error)) == 0) {
		struct pollfd poll_fd = { wait.watch.fd, POLLIN, 0 };

		if (timeout_ms >= 0 && (left_ms = begin_ms + timeout_ms - clock_ms()) <= 0)
			return 0;
		if (poll(&poll_fd, 1, wait_sleep_ms(&wait, left_ms)) < 0)
			return error_system(error, errno, link, "cannot wait for a generation of");
	}
	return number;
}

/* A descriptor that is readable after `ms`. */
static int wait_timer(int64_t ms)
{
	struct itimerspec time = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };
	cleanup_fd int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd < 0 || timerfd_settime(fd, 0, &time, NULL) < 0 ? -1 : take_fd(&fd);
}

int atomicdir_watch(const char *link, int64_t since, struct atomicdir_error *error)
{
	cleanup_wait struct wait wait = { .link = link, .since = since, .held = PLACE_INIT, .watch = WATCH_INIT };
	struct atomicdir_error own;
	int64_t number;
	int fd;

	error = error_or(error, &own);
	number = wait_open_and_look(&wait, true, error);
	if (number < 0)
		return -1;
	if (number)
		fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	else
		fd = wait.watch.fd < 0 || wait.is_astray ? wait_timer(WATCH_TICK_MS) : take_fd(&wait.watch.fd);
	return fd < 0 ? error_system(error, errno, link, "cannot make a descriptor to watch") : fd;
}
