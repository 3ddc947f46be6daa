/* SPDX-License-Identifier: ISC
 *
 * Layout link: what stands at LINK, and the one place where the name is swapped.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dir/layout.h"
#include "tap.h"

static struct atomicdir_error error;

/* ---- What stands there ---- */

static bool stands(const char *link, enum stands wanted, int64_t named)
{
	cleanup_place struct place place = PLACE_INIT;
	struct live live = LIVE_INIT;

	return place_open(&place, link, ATOMICDIR_LAYOUT_AUTO, PLACE_TO_READ, &error) == 0 && live_look(&place, &live) == 0 &&
	       live.stands == wanted && live.named == named;
}

static void test_look(void)
{
	ok(stands("nothing", STANDS_NOTHING, 0), "nothing");
	ok(mkdir("directory", 0755) == 0 && stands("directory", STANDS_DIRECTORY, 0), "a directory");
	ok(mkfifo("fifo", 0600) == 0 && stands("fifo", STANDS_OTHER, 0), "a FIFO");
	ok(symlink(".ours.atomicdir/000007", "ours") == 0 && stands("ours", STANDS_OURS, 7), "a link of ours, dangling");
	ok(symlink("seen.atomicdir/000008", "seen") == 0 && stands("seen", STANDS_OURS, 8),
	   "and one into a store without a dot");
	ok(symlink("/etc", "foreign") == 0 && stands("foreign", STANDS_SYMLINK, 0), "somebody else's link");
	ok(symlink(".ours.atomicdir/000007", "copy") == 0 && stands("copy", STANDS_SYMLINK, 0),
	   "a link into another one's store");
}

/* ---- The swap ---- */

/* What became of a swap to generation 2 while `meanwhile` is done between the look and the swap. */
static enum outcome swap(const char *link, const char *before_text, const char *meanwhile)
{
	cleanup_place struct place place = PLACE_INIT;
	struct live before = LIVE_INIT;
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s .%s.atomicdir; mkdir -p .%s.atomicdir/000002; %s%s%s", link, link, link,
		 *before_text ? "ln -s " : "", before_text, *before_text ? " $L" : "");
	setenv("L", link, 1);
	if (system(command) != 0 || place_open(&place, link, ATOMICDIR_LAYOUT_LINK, PLACE_TO_WRITE, &error) < 0)
		return OUTCOME_UNCHANGED;
	place.store_fd = openat(place.parent_fd, place.name.store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (live_look(&place, &before) < 0 || layout_link.swap.prepare(&place, 2, &error, &error) < 0 || system(meanwhile) != 0)
		return OUTCOME_UNCHANGED;
	return layout_link.swap.swap(&place, 2, &before, &error);
}

static void test_swap(void)
{
	ok(swap("a", "", "true") == OUTCOME_PUBLISHED && stands("a", STANDS_OURS, 2), "a first link is made");
	ok(swap("b", ".b.atomicdir/000001", "true") == OUTCOME_PUBLISHED && stands("b", STANDS_OURS, 2),
	   "an older one is replaced");
	ok(swap("c", "", "ln -s /etc c") == OUTCOME_NOT_PUBLISHED && stands("c", STANDS_SYMLINK, 0),
	   "what appears at LINK meanwhile is not replaced");
	ok(swap("d", ".d.atomicdir/000001", "rm d; mkdir d") == OUTCOME_NOT_PUBLISHED && stands("d", STANDS_DIRECTORY, 0),
	   "nor is a directory that took the link's place");
	ok(swap("f", ".f.atomicdir/000001", "rm f") == OUTCOME_NOT_PUBLISHED && stands("f", STANDS_NOTHING, 0),
	   "a link that was removed meanwhile stays away");
}

int main(void)
{
	char directory[] = "/tmp/layout_test.XXXXXX", command[64];

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 2;
	test_look();
	test_swap();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (chdir("/") < 0 || system(command) != 0)
		return 2;
	return done();
}
