/* SPDX-License-Identifier: ISC
 *
 * The ways out: LINK becomes a real directory again, or goes with all that was made for it. Through the public calls alone.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

static struct atomicdir_error error;

static int one(struct atomicdir_stage *stage, void *value, struct atomicdir_error *why)
{
	return atomicdir_write(stage, "f", value, strlen(value), 0644, why);
}

static int fill(const char *link, const char *value)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.keep = 2;
	return atomicdir_fill(link, one, (void *)(unsigned long)value, &options, &error);
}

static int detach(const char *link)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.grace_ms = 0;
	return atomicdir_detach(link, &options, &error);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static bool is_directory(const char *path, mode_t mode)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & 07777) == mode;
}

static bool is_refused(int result, int kind, const char *text)
{
	printf("# %s\n", error.text);
	return result < 0 && error.kind == kind && strstr(error.text, text);
}

/* ---- Detach ---- */

static void test_detach(void)
{
	fill("app", "1");
	fill("app", "2");
	ok(detach("app") == 1 && is_directory("app", 0755) && exists("app/f"),
	   "the live generation becomes a real directory at LINK");
	ok(!exists(".app.atomicdir"), "a detach removes the store");
	ok(detach("app") == 0, "a second detach has nothing to do");
	ok(!exists(".app.atomicdir"), "a second detach leaves no store");
	ok(atomicdir_adopt("app", NULL, &error) == 1 && fill("app", "3") == 1 && detach("app") == 1 &&
		   !exists(".app.atomicdir"),
	   "a detached directory can be adopted, filled and detached again");
}

static void test_detach_modes(void)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.dir_mode = 0500;
	ok(atomicdir_fill("closed", one, (char[]){ "1" }, &options, &error) == 1 && detach("closed") == 1 &&
		   is_directory("closed", 0500),
	   "a directory that its owner may not write in keeps its mode");
}

static void test_link_into_store(void)
{
	struct atomicdir_stage *stage = atomicdir_begin("remembers", NULL, &error);
	char text[256];

	snprintf(text, sizeof(text), "%s/f", atomicdir_path(stage));
	ok(atomicdir_write(stage, "f", "1", 1, 0644, &error) == 0 && atomicdir_symlink(stage, "l", text, &error) == 0 &&
		   atomicdir_commit(stage, NULL, &error) == 1,
	   "(a link that remembers its generation is published)");
	atomicdir_free(stage);
	ok(is_refused(detach("remembers"), ATOMICDIR_FAILED, "'l' is a symlink through the store"),
	   "an absolute symlink through the store is refused by a detach");
}

static void test_detach_refusals(void)
{
	struct atomicdir_stage *stage = atomicdir_begin("linked", NULL, &error);

	ok(stage && atomicdir_mkdir(stage, "d", 0755, &error) == 0 &&
		   atomicdir_symlink(stage, "d/up", "../../../outside", &error) == 0 &&
		   atomicdir_commit(stage, NULL, &error) == 1,
	   "(a link that leaves the tree is published)");
	atomicdir_free(stage);
	ok(is_refused(detach("linked"), ATOMICDIR_FAILED, "'d/up'") && exists(".linked.atomicdir/000001/d"),
	   "a relative link that leaves the tree is refused with its path, and LINK stays");
	test_link_into_store();
	ok(is_refused(detach("nothing"), ATOMICDIR_NO_GENERATION, "has no live generation") && !exists(".nothing.atomicdir"),
	   "where nothing is live there is nothing to detach");
	ok(symlink("app", "foreign") == 0 && is_refused(detach("foreign"), ATOMICDIR_FAILED, "not made by a publication") &&
		   exists("foreign"),
	   "somebody else's symlink is refused and left alone");
}

static void test_detach_pins(void)
{
	struct atomicdir_options dry = ATOMICDIR_OPTIONS_INIT;
	int old_fd, live_fd, file_fd;

	fill("pinned", "1");
	old_fd = atomicdir_pin("pinned", NULL, &error);
	fill("pinned", "2");
	live_fd = atomicdir_pin("pinned", NULL, &error);
	dry.dry_run = 1;
	ok(is_refused(detach("pinned"), ATOMICDIR_BUSY, "has generation 1 pinned by a reader"),
	   "an older generation that a reader has pinned is BUSY");
	close(old_fd);
	ok(atomicdir_detach("pinned", &dry, &error) == 1 && exists(".pinned.atomicdir/000002/f"), "a dry run only tells");
	ok(detach("pinned") == 1 && !exists(".pinned.atomicdir"), "a pin on the live one is no obstacle");
	file_fd = openat(live_fd, "f", O_RDONLY | O_CLOEXEC);
	ok(file_fd >= 0, "a reader with a pin on a detached generation can go on reading");
	close(file_fd);
	close(live_fd);
}

/* What a death between the exchange and the removal of the store leaves. */
static bool make_unfinished(const char *link, const char *store)
{
	char generation[64];

	fill(link, "1");
	snprintf(generation, sizeof(generation), "%s/000001", store);
	return syscall(SYS_renameat2, AT_FDCWD, generation, AT_FDCWD, link, RENAME_EXCHANGE) == 0 && is_directory(link, 0755);
}

static void test_detach_again(void)
{
	ok(make_unfinished("half", ".half.atomicdir") && detach("half") == 1 && !exists(".half.atomicdir") && exists("half/f"),
	   "what a detach left unfinished the next one finishes");
	ok(make_unfinished("back", ".back.atomicdir") && atomicdir_adopt("back", NULL, &error) == 1 && fill("back", "2") == 1 &&
		   exists("back/f"),
	   "an adoption makes a generation again of what a detach left unfinished");
	fill("litter", "1");
	ok(mkdir(".litter.atomicdir/.litter.atomicdir", 0711) == 0 &&
		   symlink("../../litter", ".litter.atomicdir/.litter.atomicdir/000001") == 0 && fill("litter", "2") == 1 &&
		   !exists(".litter.atomicdir/.litter.atomicdir"),
	   "the next fill removes a detour that was not used");
}

/* ---- Readers ---- */

/* LINK as each layout has it. */
static const struct way {
	const char *layout;
	enum atomicdir_layout kind;
	const char *link, *file, *directory;
} ways[] = {
	{ "link", ATOMICDIR_LAYOUT_LINK, "busy", "busy/d/f", "busy/d" },
	{ "volume", ATOMICDIR_LAYOUT_VOLUME, "busy-volume", "busy-volume/d/f", "busy-volume/d" },
};
#define WAYS (sizeof(ways) / sizeof(*ways))

static volatile bool is_over;

struct reading {
	const struct way *way;
	enum { BY_NAME, BY_DIRECTORY_OF_NAME, BY_OPEN_DIRECTORY } how;
	int directory_fd;	      /* BY_OPEN_DIRECTORY: LINK, opened before all */
	long looks, missed, returned; /* missed: how many were not there; returned: how often it was there again */
};

static int reading_open(const struct reading *reading)
{
	int directory_fd, fd;

	if (reading->how == BY_NAME)
		return open(reading->way->file, O_RDONLY | O_CLOEXEC);
	if (reading->how == BY_OPEN_DIRECTORY)
		return openat(reading->directory_fd, "d/f", O_RDONLY | O_CLOEXEC);
	directory_fd = open(reading->way->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(directory_fd, "f", O_RDONLY | O_CLOEXEC);
	if (directory_fd >= 0)
		close(directory_fd);
	return fd;
}

static void *read_often(void *arg)
{
	struct reading *reading = arg;
	bool was_missed = false;

	for (; !is_over; reading->looks++) {
		int fd = reading_open(reading);

		reading->missed += fd < 0;
		reading->returned += was_missed && fd >= 0;
		was_missed = fd < 0;
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static int two(struct atomicdir_stage *stage, void *value, struct atomicdir_error *why)
{
	return atomicdir_write(stage, "d/f", value, strlen(value), 0644, why) ||
	       atomicdir_write(stage, "top", value, strlen(value), 0644, why);
}

static bool way_fill(const struct way *way, const char *value)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.layout = way->kind;
	return atomicdir_fill(way->link, two, (void *)(unsigned long)value, &options, &error) == 1;
}

static bool way_in_and_out(const struct way *way)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	bool all = true;

	options.layout = way->kind;
	for (int i = 0; all && i < 2; i++)
		all = detach(way->link) == 1 && atomicdir_adopt(way->link, &options, &error) == 1;
	printf("# %s\n", error.text);
	return all;
}

static bool way_remove(const struct way *way)
{
	return atomicdir_remove(way->link, NULL, &error) == 1;
}

/* Acts while three readers look. */
static bool among_readers(const struct way *way, bool (*act)(const struct way *way), struct reading readings[static 3])
{
	pthread_t threads[3];
	bool is_done;

	is_over = false;
	for (int i = 0; i < 3; i++) {
		readings[i] = (struct reading){ .way = way, .how = i };
		readings[i].directory_fd = open(way->link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		pthread_create(&threads[i], NULL, read_often, &readings[i]);
	}
	while (!readings[0].looks || !readings[1].looks || !readings[2].looks)
		usleep(1000);
	is_done = act(way);
	is_over = true;
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		close(readings[i].directory_fd);
	}
	printf("# %s: missed by name %ld of %ld, by the directory's name %ld of %ld, in an open directory %ld of %ld\n",
	       way->layout, readings[0].missed, readings[0].looks, readings[1].missed, readings[1].looks, readings[2].missed,
	       readings[2].looks);
	return is_done;
}

static void test_readers(const struct way *way)
{
	struct reading readings[3];
	char claim[128];

	snprintf(claim, sizeof(claim),
		 "%s: readers by name, by a directory and in an open directory see no gap while LINK is detached and adopted",
		 way->layout);
	ok(way_fill(way, "1") && among_readers(way, way_in_and_out, readings) && !readings[0].missed && !readings[1].missed &&
		   !readings[2].missed,
	   claim);
	snprintf(claim, sizeof(claim), "%s: what readers by name see no more once LINK is removed does not come back",
		 way->layout);
	ok(way_fill(way, "2") && among_readers(way, way_remove, readings) && !readings[0].returned && !readings[1].returned,
	   claim);
}

/* ---- Remove ---- */

static void test_remove(void)
{
	int fd;

	fill("gone", "1");
	fill("gone", "2");
	fd = atomicdir_pin("gone", NULL, &error);
	ok(is_refused(atomicdir_remove("gone", NULL, &error), ATOMICDIR_BUSY, "has generation 2 pinned by a reader") &&
		   exists("gone/f"),
	   "what a reader has pinned is not removed: BUSY, and LINK stays");
	close(fd);
	ok(atomicdir_remove("gone", NULL, &error) == 1 && !exists("gone") && !exists(".gone.atomicdir"),
	   "LINK goes, and all that was made for it");
	ok(atomicdir_remove("gone", NULL, &error) == 0 && !exists(".gone.atomicdir"), "a second removal has nothing to do");
	ok(fill("gone", "3") == 1 && exists("gone/f"), "a LINK that was removed can be filled again");
}

static void test_remove_refusals(void)
{
	fill("keeps", "1");
	ok(mkdir("real", 0755) == 0 &&
		   is_refused(atomicdir_remove("real", NULL, &error), ATOMICDIR_FAILED, "not made by a publication") &&
		   exists("real") && !exists(".real.atomicdir"),
	   "a real directory is not removed");
	ok(mkdir(".keeps.atomicdir/theirs", 0755) == 0 && atomicdir_remove("keeps", NULL, &error) == 1 && !exists("keeps") &&
		   exists(".keeps.atomicdir/theirs") && !exists(".keeps.atomicdir/000001") &&
		   strstr(error.text, "'.keeps.atomicdir'"),
	   "what somebody else has put into the store stays, with a warning");
	printf("# %s\n", error.text);
	ok(rmdir(".keeps.atomicdir/theirs") == 0 && atomicdir_remove("keeps", NULL, &error) == 1 && !exists(".keeps.atomicdir"),
	   "a store that has lost its LINK is removed");
}

int main(void)
{
	char directory[] = "/tmp/unpublish_test.XXXXXX", remove[64];

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 2;
	test_detach();
	test_detach_modes();
	test_detach_refusals();
	test_detach_pins();
	test_detach_again();
	for (size_t i = 0; i < WAYS; i++)
		test_readers(&ways[i]);
	test_remove();
	test_remove_refusals();
	snprintf(remove, sizeof(remove), "rm -rf %s", directory);
	if (chdir("/") < 0 || system(remove) != 0)
		return 2;
	return done();
}
