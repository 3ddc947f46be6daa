/* SPDX-License-Identifier: ISC
 *
 * The promises of a publication, through the public calls alone, in a directory of its own; of each layout.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define FILLS 250

static struct atomicdir_error error;

/* What differs between the layouts. */
static const struct variant {
	const char *name;
	enum atomicdir_layout layout;
	const char *swapped; /* the symlink, of app */
	const char *store, *text;
	bool has_generations; /* besides the live one */
} variants[] = {
	{ "link", ATOMICDIR_LAYOUT_LINK, "app", ".app.atomicdir", ".app.atomicdir/", true },
	{ "volume", ATOMICDIR_LAYOUT_VOLUME, "app/..data", "app/..atomicdir", "..atomicdir/", true },
	{ "files", ATOMICDIR_LAYOUT_FILES, "app/..atomicdir/live", "app/..atomicdir", "", false },
};
static const struct variant *variant;

static struct atomicdir_options options_of(void)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.layout = variant->layout;
	options.keep = variant->has_generations;
	options.grace_ms = 0;
	return options;
}

static struct atomicdir_stage *begin(void)
{
	struct atomicdir_options options = options_of();

	return atomicdir_begin("app", &options, &error);
}

/* A path in the store, until the next call but three. */
static const char *in_store(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next = (next + 1) % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", variant->store, name);
	return path;
}

static int pair(struct atomicdir_stage *stage, void *value, struct atomicdir_error *why)
{
	return atomicdir_write(stage, "a", value, strlen(value), 0644, why) ||
	       atomicdir_write(stage, "sub/b", value, strlen(value), 0600, why);
}

static int fill(const char *value)
{
	struct atomicdir_options now = options_of();
	char text[64];

	snprintf(text, sizeof(text), "%s", value);
	return atomicdir_fill("app", pair, text, &now, &error);
}

static bool holds(const char *path, const char *value)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return size == (ssize_t)strlen(value) && strcmp(text, value) == 0;
}

static bool is_live(const char *number)
{
	char found[128] = "", wanted[128];

	snprintf(wanted, sizeof(wanted), "%s%s", variant->text, number);
	return readlink(variant->swapped, found, sizeof(found) - 1) > 0 && strcmp(found, wanted) == 0;
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

static void test_fill(void)
{
	ok(fill("one") == 1 && is_live("000001"), "a first fill publishes generation 1 through a relative link");
	ok(holds("app/a", "one") && holds("app/sub/b", "one"), "a first fill publishes the files byte for byte");
	ok(mode_of("app/sub/b") == 0600 && mode_of("app/sub") == 0755 && mode_of("app/.") == 0755, "modes are exact");
	ok(exists(in_store("000001.info")) && !exists(in_store("000001.info.new")), "N.info says that it was published");
	ok(fill("one") == 0 && is_live("000001"), "the same again is unchanged, and nothing is swapped");
	ok(!exists(in_store("000002")), "an unchanged fill leaves nothing of its stage");
	ok(fill("two") == 1 && (!variant->has_generations || is_live("000002")),
	   "an unchanged fill takes no number, where there are generations");
	ok(!variant->has_generations || holds(in_store("000001/a"), "one"), "one generation before the live one is kept");
	ok(fill("three") == 1 && !exists(in_store("000001")) && exists(in_store("000002")) == variant->has_generations,
	   "older ones are removed");
}

static void test_umask(void)
{
	mode_t old = umask(0777);

	ok(fill("umask") == 1, "a hostile umask is no obstacle");
	umask(old);
	ok(mode_of("app/sub/b") == 0600 && mode_of("app/a") == 0644 && mode_of("app/.") == 0755,
	   "modes are exact under a hostile umask");
}

static void test_rollback(void)
{
	struct atomicdir_generation *live = NULL, *list = NULL;

	fill("good");
	fill("bad");
	ok(atomicdir_rollback("app", -1, NULL, &live, &error) == 1 && holds("app/a", "good"),
	   "a rollback leads to what was live before");
	ok(live && live->is_live && live->next && !live->next->is_live, "a rollback returns both generations");
	free(live);
	ok(fill("better") == 1 && atomicdir_list("app", &list, &error) == 2, "a good one after it drops the bad one");
	free(list);
	ok(atomicdir_rollback("app", -1, NULL, NULL, &error) == 1 && holds("app/a", "good"),
	   "a rollback from a good generation leads to the good one before it");
	ok(atomicdir_rollback("app", 999, NULL, NULL, &error) < 0 && error.kind == ATOMICDIR_NO_GENERATION &&
		   holds("app/a", "good"),
	   "a generation that is not there is refused");
	fill("after");
}

static void test_none_kept(void)
{
	struct atomicdir_options options = options_of();
	struct atomicdir_generation *live = NULL;

	fill("after");
	ok(atomicdir_show("app", &live, &error) == 0 && strcmp(strrchr(live->path, '/'), "/app") == 0,
	   "the path of the live generation is LINK");
	free(live);
	ok(atomicdir_rollback("app", -1, NULL, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE, "a rollback is wrong usage");
	ok(atomicdir_diff("app", -1, -1, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE, "so is a diff");
	ok(atomicdir_pin("app", NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE, "and a pin");
	ok(atomicdir_wait("app", 0, 0, &error) < 0 && error.kind == ATOMICDIR_USAGE, "and a wait");
	ok(atomicdir_watch("app", 0, &error) < 0 && error.kind == ATOMICDIR_USAGE, "and a watch");
	options.hook = ATOMICDIR_HOOK_LOCKED;
	ok(!atomicdir_begin("app", &options, &error) && error.kind == ATOMICDIR_USAGE, "and a hook with the lock held");
}

static void test_foreign(void)
{
	struct atomicdir_options none = ATOMICDIR_OPTIONS_INIT;

	ok(mkdir("dir", 0755) == 0 && atomicdir_fill("dir", pair, (char[]){ "x" }, NULL, &error) < 0 &&
		   error.kind == ATOMICDIR_FAILED && !exists(".dir.atomicdir"),
	   "a real directory at LINK is refused and untouched");
	ok(symlink("/precious", "foreign") == 0 && atomicdir_fill("foreign", pair, (char[]){ "x" }, NULL, &error) < 0 &&
		   !exists(".foreign.atomicdir"),
	   "somebody else's symlink is refused and untouched");
	ok(atomicdir_fill("", pair, NULL, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE &&
		   atomicdir_fill("/", pair, NULL, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE &&
		   atomicdir_fill("x/..", pair, NULL, NULL, &error) < 0 && error.kind == ATOMICDIR_USAGE,
	   "a LINK without a name is a usage error");
	none.if_generation = 0;
	ok(atomicdir_fill("app", pair, (char[]){ "x" }, &none, &error) < 0 && error.kind == ATOMICDIR_NO_GENERATION,
	   "if_generation 0 holds only where nothing is live");
	none = (struct atomicdir_options)ATOMICDIR_OPTIONS_INIT;
	none.layout = ATOMICDIR_LAYOUT_FILES + 1;
	ok(atomicdir_fill("app", pair, (char[]){ "x" }, &none, &error) < 0 && error.kind == ATOMICDIR_USAGE,
	   "an unknown layout is refused");
	none.size = 0;
	ok(atomicdir_fill("app", pair, (char[]){ "x" }, &none, &error) < 0 && error.kind == ATOMICDIR_USAGE,
	   "options of size 0 are refused");
}

static void test_paths(void)
{
	static const char *const bad[] = { "", "/a", "a/", "../a", "a/../b", "./a", "a//b", ".", ".." };
	struct atomicdir_stage *stage = begin();
	bool all = true;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		all = all && atomicdir_write(stage, bad[i], "x", 1, 0600, &error) < 0 && error.kind == ATOMICDIR_USAGE;
	ok(all, "paths that are absolute, empty or climb are refused");
	ok(atomicdir_symlink(stage, "out", "/tmp", &error) == 0 && atomicdir_write(stage, "out/x", "x", 1, 0600, &error) < 0,
	   "no entry is written through a symlink");
	ok(atomicdir_write(stage, "twice", "x", 1, 0600, &error) == 0 &&
		   atomicdir_write(stage, "twice", "y", 1, 0600, &error) < 0 && error.errnum == EEXIST,
	   "what is there already is EEXIST");
	ok(atomicdir_symlink(stage, "other", "../000001/x", &error) == 0 && atomicdir_commit(stage, NULL, &error) < 0 &&
		   strstr(error.text, "'other' is a symlink into another generation"),
	   "a link into another generation is refused with its path");
	atomicdir_free(stage);
	ok(holds("app/a", "after"), "LINK is unchanged after a symlink was refused");
}

static void test_modes(void)
{
	struct atomicdir_stage *stage = begin();

	ok(atomicdir_mkdir(stage, "ro", 0500, &error) == 0 && atomicdir_write(stage, "ro/x", "x", 1, 0400, &error) == 0 &&
		   atomicdir_mkdir(stage, "ro/deep", 0500, &error) == 0 &&
		   atomicdir_write(stage, "ro/deep/y", "y", 1, 0400, &error) == 0 &&
		   atomicdir_commit(stage, NULL, &error) == 1 && mode_of("app/ro") == 0500 && mode_of("app/ro/deep") == 0500,
	   "a directory with mode 0500 can be filled, and ends with 0500");
	atomicdir_free(stage);
}

static void test_carry_and_diff(void)
{
	struct atomicdir_change *changes = NULL;
	struct atomicdir_stage *stage = begin();

	ok(atomicdir_carry(stage, "ro/x", &error) == 0 && atomicdir_write(stage, "new", "n", 1, 0644, &error) == 0 &&
		   atomicdir_seal(stage, &changes, &error) == 1,
	   "a file can be carried from the live generation");
	ok(changes && strcmp(changes->path, "new") == 0 && changes->what == 'A' && changes->next &&
		   strcmp(changes->next->path, "ro") == 0,
	   "a seal tells what differs, by path");
	free(changes);
	ok(atomicdir_commit(stage, NULL, &error) == 1 && holds("app/ro/x", "x"), "what was sealed is published");
	atomicdir_free(stage);
	if (!variant->has_generations)
		return;
	ok(atomicdir_diff("app", -1, -1, &changes, &error) == 1 && changes, "diff compares with the one before");
	free(changes);
}

static void test_pin(void)
{
	int64_t pinned = 0;
	char path[64];
	int fd;

	fill("pinned");
	fd = atomicdir_pin("app", &pinned, &error);
	snprintf(path, sizeof(path), "%s/%06lld", variant->store, (long long)pinned);
	fill("p1");
	fill("p2");
	fill("p3");
	ok(fd >= 0 && exists(path), "a pinned generation is not removed");
	close(fd);
	fill("p4");
	ok(!exists(path), "a generation is removed once it is unpinned");
}

static void test_hook(void)
{
	struct atomicdir_options options = options_of();
	struct atomicdir_generation *live = NULL;
	struct atomicdir_stage *stage;

	options.hook = ATOMICDIR_HOOK_AFTER;
	stage = atomicdir_begin("app", &options, &error);
	pair(stage, (char[]){ "hook" }, &error);
	ok(atomicdir_commit(stage, &live, &error) == 1 && live->is_hook_due, "a publication with a hook leaves its mark");
	atomicdir_free(stage);
	free(live);
	stage = atomicdir_begin("app", &options, &error);
	pair(stage, (char[]){ "hook" }, &error);
	ok(atomicdir_commit(stage, &live, &error) == 0 && live->is_hook_due, "an unchanged call sees that the hook is due");
	ok(atomicdir_hook_done("app", live->number, &error) == 0, "the hook is due until it is done");
	atomicdir_free(stage);
	free(live);
	ok(atomicdir_show("app", &live, &error) == 0 && !live->is_hook_due, "the hook is not due after it is done");
	free(live);
}

static void test_recovery(void)
{
	ok(mkdir(in_store("900000"), 0700) == 0 && mkdir(in_store("899999.trash"), 0700) == 0 &&
		   symlink("x", in_store("next")) == 0 && fill("recovered") == 1,
	   "what a killed writer left is no obstacle");
	ok(!exists(in_store("900000")) && !exists(in_store("899999.trash")) && !exists(in_store("next")),
	   "what a killed writer left is removed");
	ok(is_live("900001"), "a killed writer's number is not used again");
}

static void test_adopt(void)
{
	ok(mkdir("real", 0750) == 0 && mkdir("real/sub", 0700) == 0 && atomicdir_adopt("real", NULL, &error) == 1 &&
		   exists("real/sub"),
	   "a real directory is adopted");
	ok(mode_of("real/.") == 0750 && atomicdir_adopt("real", NULL, &error) == 0,
	   "an adopted directory keeps its mode, and a second adoption changes nothing");
	ok(mkdir("target", 0755) == 0 && symlink("target", "current") == 0 && mkdir("target/x", 0755) == 0 &&
		   atomicdir_adopt("current", NULL, &error) == 1 && exists("current/x") && exists("target/x"),
	   "what somebody else's symlink points to is copied, and stays");
}

static void *write_often(void *name)
{
	struct atomicdir_options options = options_of();
	struct atomicdir_error why;
	char text[64];
	long failures = 0;

	for (int i = 0; i < FILLS; i++) {
		snprintf(text, sizeof(text), "%s-%d", (const char *)name, i);
		failures += atomicdir_fill("busy", pair, text, &options, &why) < 0;
	}
	return (void *)failures;
}

static long read_torn(const volatile bool *is_over)
{
	char a[64], b[64];
	long torn = 0;

	while (!*is_over) {
		int dir = atomicdir_pin("busy", NULL, NULL), fd_a, fd_b;
		ssize_t in_a = -1, in_b = -2;

		if (dir < 0)
			continue;
		fd_a = openat(dir, "a", O_RDONLY | O_CLOEXEC);
		usleep(300);
		fd_b = openat(dir, "sub/b", O_RDONLY | O_CLOEXEC);
		if (fd_a >= 0 && fd_b >= 0) {
			in_a = read(fd_a, a, sizeof(a));
			in_b = read(fd_b, b, sizeof(b));
		}
		torn += in_a < 0 || in_a != in_b || memcmp(a, b, (size_t)in_a) != 0;
		close(fd_a);
		close(fd_b);
		close(dir);
	}
	return torn;
}

static volatile bool is_over;

static void *read_often(void *unused)
{
	(void)unused;
	return (void *)read_torn(&is_over);
}

static void test_concurrency(void)
{
	pthread_t writers[8], readers[4];
	static char names[8][8] = { "w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7" };
	long failures = 0, torn = 0;
	void *result;

	is_over = false;
	write_often(names[0]);
	for (int i = 0; i < 4; i++)
		pthread_create(&readers[i], NULL, read_often, NULL);
	for (int i = 0; i < 8; i++)
		pthread_create(&writers[i], NULL, write_often, names[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(writers[i], &result);
		failures += (long)result;
	}
	is_over = true;
	for (int i = 0; i < 4; i++) {
		pthread_join(readers[i], &result);
		torn += (long)result;
	}
	ok(failures == 0, "of 8 writers that fill 250 times none fails");
	ok(torn == 0, "4 readers with pins never see a mix of generations");
}

static void test_publication(void)
{
	test_fill();
	test_umask();
	if (variant->has_generations)
		test_rollback();
	else
		test_none_kept();
	test_paths();
	test_modes();
	test_carry_and_diff();
	test_hook();
	test_recovery();
	if (!variant->has_generations)
		return;
	test_pin();
	test_concurrency();
}

int main(void)
{
	char directory[] = "/tmp/atomicdir-test-XXXXXX", command[128];

	if (!mkdtemp(directory))
		return 1;
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		variant = &variants[i];
		printf("# layout %s\n", variant->name);
		if (chdir(directory) < 0 || mkdir(variant->name, 0755) < 0 || chdir(variant->name) < 0)
			return 1;
		test_publication();
		if (variant->layout == ATOMICDIR_LAYOUT_LINK) {
			test_foreign();
			test_adopt();
		}
	}
	snprintf(command, sizeof(command), "cd / && chmod -R u+rwx %s; rm -rf %s", directory, directory);
	return system(command) != 0 || access(directory, F_OK) == 0 || done();
}
