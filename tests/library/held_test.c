/* SPDX-License-Identifier: ISC
 *
 * Nothing is written before it is known to differ: entries that are the live generation's leave the disk alone, whatever differs is
 * found, and what is published are the caller's bytes. Through the public calls alone.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define LARGE 700000 /* two of these are more than the library keeps in memory */

static struct atomicdir_error error;

static int64_t written(void)
{
	FILE *io = fopen("/proc/self/io", "re");
	long long bytes = -1;
	char line[128];

	while (io && fgets(line, sizeof(line), io))
		sscanf(line, "wchar: %lld", &bytes);
	if (io)
		fclose(io);
	return bytes;
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static struct stat look(const char *path)
{
	struct stat status = { 0 };

	stat(path, &status);
	return status;
}

static bool holds(const char *path, const char *bytes)
{
	char got[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	close(fd);
	return size >= 0 && strcmp(got, bytes) == 0;
}

static bool is_live(const char *link, const char *wanted)
{
	char text[256] = "";

	return readlink(link, text, sizeof(text) - 1) > 0 && strcmp(strrchr(text, '/') + 1, wanted) == 0;
}

/* ---- One set of entries, with one thing that differs ---- */

struct set {
	const char *a, *deep, *to;
	mode_t mode, dir_mode, top_mode;
	bool lacks_a, has_more, lacks_empty, has_another_empty, is_link;
};
static const struct set usual = { .a = "a", .deep = "deep", .to = "sub/deep", .mode = 0640, .dir_mode = 0750 };

static int put(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *why)
{
	const struct set *set = arg;

	if (!set->lacks_a && set->is_link && atomicdir_symlink(stage, "a", "sub", why) < 0)
		return -1;
	if (!set->lacks_a && !set->is_link && atomicdir_write(stage, "a", set->a, strlen(set->a), 0644, why) < 0)
		return -1;
	if (atomicdir_mkdir(stage, "sub", set->dir_mode, why) < 0 || atomicdir_symlink(stage, "to", set->to, why) < 0 ||
	    atomicdir_write(stage, "sub/x/deep", set->deep, strlen(set->deep), set->mode, why) < 0 ||
	    atomicdir_write(stage, "sub/nothing", NULL, 0, 0400, why) < 0)
		return -1;
	if (!set->lacks_empty && atomicdir_mkdir(stage, "empty", 0500, why) < 0)
		return -1;
	if (set->has_another_empty && atomicdir_mkdir(stage, "sub/empty", 0755, why) < 0)
		return -1;
	return set->has_more ? atomicdir_write(stage, "sub/more", "", 0, 0600, why) : 0;
}

static int fill(const char *link, const struct set *set)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.top_mode = set->top_mode;
	options.grace_ms = 0;
	return atomicdir_fill(link, put, (void *)(uintptr_t)set, &options, &error);
}

/* All that happened in a directory since it was watched; atime alone does not count. */
static int watch(const char *directory)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	inotify_add_watch(fd, directory, IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVE);
	return fd;
}

static bool is_quiet(int fd)
{
	char events[4096];
	bool quiet = read(fd, events, sizeof(events)) < 0;

	close(fd);
	return quiet;
}

static void test_unchanged(void)
{
	int store, live, result;
	int64_t before;

	ok(fill("same", &usual) == 1, "(a set is published)");
	store = watch(".same.atomicdir");
	live = watch("same/sub");
	before = written();
	result = fill("same", &usual);
	before = written() - before;
	ok(result == 0, "the same set again is unchanged");
	is_int(before, 0, "it writes no byte");
	ok(is_quiet(store) && is_quiet(live), "nothing is made, removed or touched in the store, and no watcher is woken");
	before = written();
	ok(fill("same", &(struct set){ .a = "A", .deep = "deep", .to = "sub/deep", .mode = 0640, .dir_mode = 0750 }) == 1 &&
		   is_live("same", "000002"),
	   "what differs then gets the next number");
	ok(written() > before && holds("same/a", "A") && holds("same/sub/x/deep", "deep"), "and is written whole");
}

/* ---- Differences ---- */

struct difference {
	const char *what;
	struct set set;
};

static void test_differences(void)
{
#define BUT(...)                                                                                        \
	{                                                                                               \
		.a = "a", .deep = "deep", .to = "sub/deep", .mode = 0640, .dir_mode = 0750, __VA_ARGS__ \
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
	static const struct difference differences[] = {
		{ "what differs is published: a byte of the first file", BUT(.a = "b") },
		{ "what differs is published: a byte of a file further down", BUT(.deep = "Deep") },
		{ "what differs is published: the length of a file", BUT(.deep = "deeper") },
		{ "what differs is published: a symlink's text", BUT(.to = "sub") },
		{ "what differs is published: a file's mode", BUT(.mode = 0644) },
		{ "what differs is published: a directory's mode", BUT(.dir_mode = 0700) },
		{ "what differs is published: the top directory's mode", BUT(.top_mode = 0700) },
		{ "what differs is published: a file that is no longer there", BUT(.lacks_a = true) },
		{ "what differs is published: a new file, which is empty", BUT(.has_more = true) },
		{ "what differs is published: an empty directory that is no longer there", BUT(.lacks_empty = true) },
		{ "what differs is published: a new empty directory", BUT(.has_another_empty = true) },
		{ "what differs is published: a symlink where a file was", BUT(.is_link = true) },
	};
#pragma GCC diagnostic pop
	bool is_fast = true;

	for (size_t i = 0; i < sizeof(differences) / sizeof(*differences); i++) {
		char link[32];

		snprintf(link, sizeof(link), "differs%zu", i);
		ok(fill(link, &usual) == 1 && fill(link, &differences[i].set) == 1 && fill(link, &differences[i].set) == 0,
		   differences[i].what);
		is_fast = is_fast && fill(link, &differences[i].set) == 0;
	}
	ok(is_fast, "each is unchanged afterwards");
}

/* ---- A live generation that somebody changes ---- */

static bool put_byte(const char *path, char byte)
{
	struct timespec times[2];
	struct stat status;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_done = fd >= 0 && fstat(fd, &status) == 0 && pwrite(fd, &byte, 1, 0) == 1;

	times[0] = status.st_atim;
	times[1] = status.st_mtim;
	is_done = is_done && futimens(fd, times) == 0;
	close(fd);
	return is_done;
}

static void test_damaged(void)
{
	ok(fill("damaged", &usual) == 1 && put_byte("damaged/a", 'X') && fill("damaged", &usual) == 1 &&
		   holds("damaged/a", "a"),
	   "a live file with another byte, the same size and the same time is replaced");
	ok(setxattr("damaged/a", "user.mark", "1", 1, 0) < 0 || fill("damaged", &usual) == 1,
	   "a live file that got an attribute is replaced");
	ok(chmod("damaged/sub", 0777) == 0 && fill("damaged", &usual) == 1, "a live directory with another mode is replaced");
	ok(close(open("damaged/sub/x/more", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == 0 && fill("damaged", &usual) == 1 &&
		   !exists("damaged/sub/x/more"),
	   "a live directory with another file is replaced");
}

static struct atomicdir_stage *begin(const char *link)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.grace_ms = 0;
	return atomicdir_begin(link, &options, &error);
}

static void test_changed_meanwhile(void)
{
	struct atomicdir_stage *stage;

	ok(fill("meanwhile", &usual) == 1, "(a set is published)");
	stage = begin("meanwhile");
	ok(put(stage, (void *)(uintptr_t)&usual, &error) == 0 && put_byte("meanwhile/a", 'X') &&
		   atomicdir_commit(stage, NULL, &error) == 1 && holds("meanwhile/a", "a"),
	   "a live file that changes after it was compared is replaced by the caller's bytes");
	atomicdir_free(stage);
	stage = begin("meanwhile");
	ok(put(stage, (void *)(uintptr_t)&usual, &error) == 0 && unlink("meanwhile/sub/nothing") == 0 &&
		   atomicdir_commit(stage, NULL, &error) == 1 && exists("meanwhile/sub/nothing"),
	   "one that was removed since comes back");
	atomicdir_free(stage);
}

/* ---- More than is kept in memory ---- */

static char large[LARGE];

static int put_large(struct atomicdir_stage *stage, void *last, struct atomicdir_error *why)
{
	memset(large, 'l', sizeof(large));
	if (atomicdir_write(stage, "one", large, sizeof(large), 0600, why) < 0 ||
	    atomicdir_write(stage, "two", large, sizeof(large), 0600, why) < 0)
		return -1;
	return atomicdir_write(stage, "last", last, strlen(last), 0600, why);
}

static bool is_large(const char *path)
{
	static char got[LARGE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, got, sizeof(got));

	close(fd);
	return size == LARGE && memcmp(got, large, LARGE) == 0;
}

static int fill_large(const char *last)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	const struct timespec tick = { 0, 50000000 };

	options.grace_ms = 0;
	nanosleep(&tick, NULL); /* what was written just now is in doubt */
	return atomicdir_fill("large", put_large, (void *)(uintptr_t)last, &options, &error);
}

static void test_large(void)
{
	const struct timespec tick = { 0, 50000000 };
	struct atomicdir_stage *stage;
	int64_t before;

	ok(fill_large("1") == 1, "(large files are published)");
	before = written();
	ok(fill_large("1") == 0 && written() == before, "large files that are the same write no byte");
	ok(fill_large("2") == 1 && is_large("large/one") && is_large("large/two") && holds("large/last", "2"),
	   "where the last entry differs they are published as they were given");
	nanosleep(&tick, NULL);
	stage = begin("large");
	ok(put_large(stage, (void *)(uintptr_t) "2", &error) == 0 && put_byte("large/two", 'X') &&
		   atomicdir_commit(stage, NULL, &error) < 0 && error.kind == ATOMICDIR_FAILED && strstr(error.text, "'two'"),
	   "a large live file that changes after it was compared is not published, and the error names it");
	atomicdir_free(stage);
	ok(fill_large("2") == 1 && is_large("large/two"), "the next call publishes the caller's bytes");
	ok(chmod("large/two", 0600) == 0 && chmod("large/.", 0777) == 0 && fill_large("2") == 1 && is_large("large/two"),
	   "where others may write beside it, it is written at once");
}

/* The second of two files is not kept in memory. Both are names of one live file, which the link to the first changes. */
static void test_large_names(void)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	const struct timespec tick = { 0, 50000000 };
	struct atomicdir_stage *stage;
	struct stat live, one, two;

	options.link_unchanged = 1;
	ok(unlink("large/two") == 0 && link("large/one", "large/two") == 0 && stat("large/one", &live) == 0,
	   "(two names lead to one live file)");
	nanosleep(&tick, NULL);
	stage = atomicdir_begin("large", &options, &error);
	ok(put_large(stage, (void *)(uintptr_t) "3", &error) == 0 && atomicdir_commit(stage, NULL, &error) == 1 &&
		   holds("large/last", "3") && is_large("large/one") && is_large("large/two"),
	   "with link_unchanged two names of one live file are published");
	atomicdir_free(stage);
	ok(stat("large/one", &one) == 0 && stat("large/two", &two) == 0 && one.st_ino == live.st_ino &&
		   two.st_ino == live.st_ino && one.st_nlink == live.st_nlink + 2,
	   "and both are links to it");
	nanosleep(&tick, NULL);
	stage = begin("large");
	ok(put_large(stage, (void *)(uintptr_t) "3", &error) == 0 && link("large/two", "backup") == 0 &&
		   atomicdir_write(stage, "more", "", 0, 0600, &error) == 0 && atomicdir_commit(stage, NULL, &error) == 1 &&
		   is_large("large/two"),
	   "a link that a backup makes to a live file meanwhile is no change of it");
	atomicdir_free(stage);
	nanosleep(&tick, NULL);
	stage = atomicdir_begin("large", &options, &error);
	ok(put_large(stage, (void *)(uintptr_t) "3", &error) == 0 && link("large/two", "again") == 0 &&
		   chmod("large/two", 0640) == 0 && atomicdir_commit(stage, NULL, &error) == 1 && is_large("large/two") &&
		   look("large/two").st_mode == (S_IFREG | 0600),
	   "but one whose mode changes too is copied, and not linked");
	atomicdir_free(stage);
}

/* ---- Errors, and the stage's directory ---- */

static void errors_of(const char *link, char *text, size_t size)
{
	struct atomicdir_stage *stage = begin(link);

	*text = '\0';
	if (stage && atomicdir_write(stage, "a", "a", 1, 0644, &error) == 0 &&
	    atomicdir_write(stage, "a", "a", 1, 0644, &error) < 0)
		snprintf(text, size, "%s; ", error.text);
	if (stage && atomicdir_write(stage, "a/b", "a", 1, 0644, &error) < 0)
		snprintf(text + strlen(text), size - strlen(text), "%s; ", error.text);
	if (stage && atomicdir_mkdir(stage, "sub", 0750, &error) == 0 && atomicdir_symlink(stage, "sub", "a", &error) < 0)
		snprintf(text + strlen(text), size - strlen(text), "%s; ", error.text);
	if (stage && atomicdir_write(stage, "../a", "a", 1, 0644, &error) < 0)
		snprintf(text + strlen(text), size - strlen(text), "%s", error.text);
	atomicdir_free(stage);
}

static void test_errors(void)
{
	char first[4096], held[4096];

	errors_of("errors", first, sizeof(first));
	ok(fill("errors", &usual) == 1, "(a set is published)");
	errors_of("errors", held, sizeof(held));
	is_text(held, first, "a repeated name and a file where a directory is needed are refused with the same errors as ever");
	ok(!exists(".errors.atomicdir/000003") &&
		   fill("errors", &(struct set){ .a = "", .deep = "", .to = "a", .mode = 0600, .dir_mode = 0700 }) == 1,
	   "a stage that was given up leaves nothing, and the lock is free");
}

static void test_directory(void)
{
	struct atomicdir_stage *stage;
	char path[4096];

	ok(fill("given", &usual) == 1, "(a set is published)");
	stage = begin("given");
	ok(put(stage, (void *)(uintptr_t)&usual, &error) == 0 && !exists(".given.atomicdir/000002"),
	   "(a set that is the same is not on disk)");
	snprintf(path, sizeof(path), "%s/sub/x/deep", atomicdir_path(stage));
	ok(holds(path, "deep") && faccessat(atomicdir_fd(stage), "empty", F_OK, 0) == 0,
	   "whoever asks for the stage's path or descriptor finds all entries there");
	ok(unlinkat(atomicdir_fd(stage), "a", 0) == 0 && atomicdir_commit(stage, NULL, &error) == 1 && !exists("given/a") &&
		   exists("given/to"),
	   "and what is changed there is published");
	atomicdir_free(stage);
	stage = begin("given");
	ok(close(atomicdir_create(stage, "made", 0600, &error)) == 0 && atomicdir_copy(stage, "copy", "given/.", &error) == 0 &&
		   atomicdir_commit(stage, NULL, &error) == 1 && exists("given/made") && exists("given/copy/to"),
	   "files that are made open, and copies, go there too");
	atomicdir_free(stage);
}

/* ---- What is known of a stage without a walk ---- */

static void test_equal_again(void)
{
	struct atomicdir_stage *stage;
	int fd;

	ok(fill("equal", &usual) == 1, "(a set is published)");
	stage = begin("equal");
	fd = put(stage,
		 (void *)(uintptr_t) &
			 (struct set){ .a = "b", .deep = "deep", .to = "sub/deep", .mode = 0640, .dir_mode = 0750 },
		 &error) == 0
		     ? openat(atomicdir_fd(stage), "a", O_WRONLY | O_CLOEXEC)
		     : -1;
	ok(write(fd, "a", 1) == 1 && close(fd) == 0 && atomicdir_commit(stage, NULL, &error) == 0 && is_live("equal", "000001"),
	   "an entry that differed, and is made the same again through the stage's directory, is unchanged");
	atomicdir_free(stage);
	stage = begin("equal");
	ok(put(stage,
	       (void *)(uintptr_t) & (struct set){ .a = "b", .deep = "deep", .to = "sub/deep", .mode = 0640, .dir_mode = 0750 },
	       &error) == 0 &&
		   symlinkat("../000001/a", atomicdir_fd(stage), "elsewhere") == 0 &&
		   atomicdir_commit(stage, NULL, &error) < 0 && strstr(error.text, "'elsewhere'"),
	   "what is made through the stage's directory is checked when it is sealed");
	atomicdir_free(stage);
}

static bool refuses(const struct set *set, const char *below, const char *named)
{
	struct atomicdir_stage *stage = begin("equal");
	bool is_refused;

	is_refused =
		put(stage, (void *)(uintptr_t)set, &error) == 0 &&
		(!below || (unlinkat(atomicdir_fd(stage), "a", 0) == 0 && mkdirat(atomicdir_fd(stage), below, 0700) == 0)) &&
		mkfifoat(atomicdir_fd(stage), named, 0600) == 0 && atomicdir_commit(stage, NULL, &error) < 0 &&
		strstr(error.text, named);
	atomicdir_free(stage);
	return is_refused;
}

static void test_seal(void)
{
	struct set differs = usual;
	struct atomicdir_stage *stage;
	char deep[3 * 300] = "d";

	differs.a = "b";
	ok(refuses(&usual, NULL, "zfifo"), "a FIFO is refused where nothing else differs");
	ok(refuses(&differs, NULL, "zfifo"), "and after the first difference");
	ok(refuses(&usual, "a", "a/fifo"), "and in a directory that has taken the place of a file");
	ok(refuses(&usual, "new", "new/fifo"), "and in one that is new");
	ok(chmod("equal/sub", 0000) == 0 && refuses(&usual, NULL, "sub/fifo") && chmod("equal/sub", 0750) == 0,
	   "and in one whose older one may not be looked into");
	stage = begin("equal");
	ok(atomicdir_write(stage, "a", NULL, 1, 0644, NULL) < 0 && atomicdir_commit(stage, NULL, &error) == 1,
	   "a size without bytes is refused, and adds nothing");
	atomicdir_free(stage);
	for (int i = 0; i < 256; i++)
		strcat(deep, "/d");
	stage = begin("deep");
	ok(atomicdir_mkdir(stage, deep, 0755, &error) < 0 && strstr(error.text, "256") &&
		   atomicdir_write(stage, deep, "", 0, 0644, &error) == 0 && atomicdir_commit(stage, NULL, &error) == 1,
	   "what nests too deep is refused at once, and nothing else");
	atomicdir_free(stage);
}

/* ---- Links to live files ---- */

#define FILES 20

struct links_set {
	const char *changed; /* the bytes of the last file */
	const char *damaged; /* a live file that somebody changes once it was compared */
	mode_t mode, stated;
};

static int put_files(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *why)
{
	const struct links_set *set = arg;
	static char bytes[4096];
	char path[32];

	memset(bytes, 'b', sizeof(bytes));
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), i % 2 ? "sub/%d" : "%d", i);
		if (atomicdir_write(stage, path, bytes, sizeof(bytes), set->mode, why) < 0)
			return -1;
	}
	if (set->damaged && !put_byte(set->damaged, 'X'))
		return -1;
	/* So that only its time of change tells: of what was changed just now the bytes are compared again. */
	if (set->damaged)
		nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	return atomicdir_write(stage, "z", set->changed, strlen(set->changed), set->mode, why);
}

static int fill_files(const struct links_set *set, bool links, bool keeps_times)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	const struct timespec tick = { 0, 50000000 };

	options.link_unchanged = links;
	options.keep_times = keeps_times;
	options.file_mode = set->stated;
	options.keep = 9;
	nanosleep(&tick, NULL);
	return atomicdir_fill("linked", put_files, (void *)(uintptr_t)set, &options, &error);
}

static void test_links(void)
{
	int64_t before;
	ino_t first;
	time_t time;

	ok(fill_files(&(struct links_set){ "1", NULL, 0640, 0 }, true, false) == 1, "(files are published)");
	before = written();
	ok(fill_files(&(struct links_set){ "2", NULL, 0640, 0 }, true, false) == 1 && written() - before < 2000,
	   "with link_unchanged nothing is written but the file that changed and what is recorded");
	ok(look("linked/sub/1").st_ino == look(".linked.atomicdir/000001/sub/1").st_ino && look("linked/0").st_nlink == 2 &&
		   holds("linked/z", "2") && look("linked/z").st_nlink == 1,
	   "files that are the same are links to the live ones, and the one that changed is not");
	ok(fill_files(&(struct links_set){ "3", "linked/0", 0640, 0 }, true, false) == 1 && look("linked/0").st_nlink == 1 &&
		   look("linked/2").st_nlink == 3,
	   "a live file that changes after it was compared is not linked, although its size and times are the same");
	first = look("linked/0").st_ino;
	ok(fill_files(&(struct links_set){ "3", NULL, 0600, 0 }, true, false) == 1 && look("linked/0").st_ino != first &&
		   look(".linked.atomicdir/000003/0").st_mode == (S_IFREG | 0640),
	   "a file whose mode changes is no link, and the older one keeps its mode");
	before = written();
	ok(fill_files(&(struct links_set){ "5", NULL, 0600, 0600 }, true, false) == 1 && written() - before < 2000 &&
		   look("linked/0").st_ino == look(".linked.atomicdir/000004/0").st_ino,
	   "where the options state the mode that a file has it is linked as well");
	time = look("linked/0").st_mtim.tv_nsec;
	ok(fill_files(&(struct links_set){ "4", NULL, 0600, 0 }, false, true) == 1 &&
		   look("linked/0").st_mtim.tv_nsec == time && look("linked/0").st_nlink == 1 &&
		   look("linked/sub/1").st_mtim.tv_nsec == look(".linked.atomicdir/000005/sub/1").st_mtim.tv_nsec,
	   "with keep_times files that are the same have the live one's time");
	ok(look("linked/z").st_mtim.tv_nsec != look(".linked.atomicdir/000005/z").st_mtim.tv_nsec,
	   "and the one that changed has its own");
}

static int put_times(struct atomicdir_stage *stage, void *set, struct atomicdir_error *why)
{
	const struct links_set *own = set;

	if (atomicdir_write(stage, "first", own->changed, strlen(own->changed), 0640, why) < 0)
		return -1;
	return atomicdir_write(stage, "same", "same", 4, own->mode, why);
}

static void test_times(void)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	const struct timespec tick = { 0, 50000000 };
	struct timespec before;

	options.keep_times = 1;
	ok(atomicdir_fill("times", put_times, &(struct links_set){ .changed = "1", .mode = 0640 }, &options, &error) == 1,
	   "(files are published)");
	before = look("times/same").st_mtim;
	nanosleep(&tick, NULL);
	ok(atomicdir_fill("times", put_times, &(struct links_set){ .changed = "2", .mode = 0600 }, &options, &error) == 1 &&
		   look("times/same").st_mode == (S_IFREG | 0600) && look("times/same").st_mtim.tv_sec == before.tv_sec &&
		   look("times/same").st_mtim.tv_nsec == before.tv_nsec,
	   "with keep_times a file of the same bytes keeps its time when its mode changes, after another one differed too");
}

/* Root gives what it makes to the store's owner, for which it opens it: without a free descriptor that fails. */
static int without_descriptors(struct atomicdir_stage *stage, bool is_link)
{
	int lowest = dup(0), result;
	struct rlimit limit, little;

	close(lowest);
	getrlimit(RLIMIT_NOFILE, &limit);
	little = limit;
	little.rlim_cur = (rlim_t)lowest;
	setrlimit(RLIMIT_NOFILE, &little);
	result = is_link ? atomicdir_symlink(stage, "link", "a", &error) : atomicdir_mkdir(stage, "directory", 0755, &error);
	setrlimit(RLIMIT_NOFILE, &limit);
	return result;
}

static void test_undone(void)
{
	static const char *const claim =
		"what could not be given to the store's owner is not left behind, and can be made again";
	struct atomicdir_stage *stage;

	if (geteuid() != 0) {
		skip(claim, "only root gives files away");
		return;
	}
	ok(mkdir("theirs", 0755) == 0 && mkdir("theirs/.link.atomicdir", 0711) == 0 &&
		   chown("theirs/.link.atomicdir", 65534, 65534) == 0 && chown("theirs", 65534, 65534) == 0,
	   "(a store of another user)");
	stage = begin("theirs/link");
	ok(stage && without_descriptors(stage, true) < 0 && without_descriptors(stage, false) < 0 &&
		   atomicdir_symlink(stage, "link", "a", &error) == 0 &&
		   atomicdir_mkdir(stage, "directory", 0755, &error) == 0 && atomicdir_commit(stage, NULL, &error) == 1 &&
		   look("theirs/link/directory").st_uid == 65534,
	   claim);
	atomicdir_free(stage);
}

/* Without root's rights, since those keep the bits that this is about. */
static void test_setuid(void)
{
	uid_t self = geteuid();
	struct atomicdir_stage *stage;
	int result;

	if (self == 0 && (mkdir("bits", 0755) < 0 || chown("bits", 65534, getegid()) < 0 || chmod(".", 0711) < 0))
		exit(2);
	if (self == 0 ? seteuid(65534) < 0 : mkdir("bits", 0755) < 0)
		exit(2);
	stage = begin("bits/link");
	ok(stage && atomicdir_write(stage, "program", "#!/bin/sh\n", 10, 04755, &error) == 0 &&
		   atomicdir_commit(stage, NULL, &error) == 1 && look("bits/link/program").st_mode == (S_IFREG | 04755),
	   "a file with bytes keeps its setuid bit");
	atomicdir_free(stage);
	stage = begin("bits/link");
	result = atomicdir_write(stage, "program", "#!/bin/sh\n", 10, 04755, &error) == 0
			 ? atomicdir_commit(stage, NULL, &error)
			 : -1;
	ok(result == 0, "and is unchanged then");
	atomicdir_free(stage);
	if (seteuid(self) < 0)
		exit(2);
}

static void test_interrupted(void)
{
	struct atomicdir_stage *stage = begin("interrupted");

	ok(atomicdir_write(stage, "a", "a", 1, 0644, &error) == 0 && atomicdir_commit(stage, NULL, &error) == 1,
	   "(a file is published)");
	atomicdir_free(stage);
	stage = begin("interrupted");
	ok(atomicdir_write(stage, "a", "b", 1, 0644, &error) == 0, "(a stage that is known to differ)");
	atomicdir_interrupt(stage);
	ok(atomicdir_seal(stage, NULL, &error) < 0 && error.errnum == EINTR,
	   "an interrupted stage that needs no walk is not sealed");
	atomicdir_free(stage);
	stage = begin("interrupted");
	ok(atomicdir_write(stage, "a", "a", 1, 0644, &error) == 0, "(a stage that is held)");
	atomicdir_interrupt(stage);
	ok(atomicdir_fd(stage) < 0 && errno == EINTR && !exists(".interrupted.atomicdir/000003"),
	   "and one that is held is not written, which leaves nothing");
	atomicdir_free(stage);
}

/* ---- Options that state modes ---- */

struct stated {
	const char *first;
	mode_t mode, dir_mode;
};

static int put_stated(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *why)
{
	const struct stated *set = arg;

	if (atomicdir_write(stage, "first", set->first, strlen(set->first), 0644, why) < 0)
		return -1;
	if (atomicdir_write(stage, "same", "same", 4, set->mode, why) < 0)
		return -1;
	return atomicdir_mkdir(stage, "sub", set->dir_mode, why);
}

static int fill_stated(const char *link, const struct stated *set, const struct atomicdir_options *options)
{
	const struct timespec tick = { 0, 50000000 };

	nanosleep(&tick, NULL);
	return atomicdir_fill(link, put_stated, (void *)(uintptr_t)set, options, &error);
}

static void test_stated(void)
{
	struct atomicdir_options modes = ATOMICDIR_OPTIONS_INIT;
	ino_t inode;

	modes.file_mode = 0640;
	modes.dir_mode = 0750;
	modes.link_unchanged = 1;
	ok(fill_stated("modes", &(struct stated){ "1", 0644, 0755 }, &modes) == 1, "(a set is published, with stated modes)");
	inode = look("modes/same").st_ino;
	ok(fill_stated("modes", &(struct stated){ "2", 0644, 0755 }, &modes) == 1 && look("modes/same").st_ino == inode,
	   "with link_unchanged a file that is the same is a link, although the options state the modes of files");
	ok(fill_stated("modes", &(struct stated){ "2", 0644, 02755 }, &modes) == 1 &&
		   look("modes/sub").st_mode == (S_IFDIR | 02750),
	   "a directory that gets its setgid bit differs, although the options state the modes of directories");
}

int main(void)
{
	char directory[] = "/tmp/held_test.XXXXXX";
	char remove[128];

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 2;
	test_unchanged();
	test_differences();
	test_damaged();
	test_changed_meanwhile();
	test_large();
	test_large_names();
	test_errors();
	test_directory();
	test_equal_again();
	test_seal();
	test_links();
	test_times();
	test_undone();
	test_setuid();
	test_interrupted();
	test_stated();
	snprintf(remove, sizeof(remove), "chmod -R u+w %s; rm -rf %s", directory, directory);
	if (chdir("/") < 0 || system(remove) != 0)
		return 2;
	return done();
}
