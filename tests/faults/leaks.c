/* SPDX-License-Identifier: ISC
 *
 * Every public call of the library, each of its allocations failing in turn: it says so or does without, LINK is as the answer says,
 * and neither memory nor a descriptor stays behind. In a directory of its own in FAULTS_DIRECTORY, or /tmp.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomicdir.h>

#include "allocation.h"
#include "../tap.h"

#define ALL_AS_MADE .size = sizeof(struct atomicdir_options), .if_generation = -1, .wait_ms = -1, .uid = -1U, .gid = -1U
static const struct atomicdir_options now = { ALL_AS_MADE, .keep = -1, .sync = ATOMICDIR_SYNC_FILES,
					      .hook = ATOMICDIR_HOOK_AFTER };
static const struct atomicdir_options dry = { ALL_AS_MADE, .dry_run = 1 };
static struct atomicdir_error error;

/* ---- The calls ---- */

static int pair(struct atomicdir_stage *stage, void *value, struct atomicdir_error *why)
{
	return atomicdir_write(stage, "a", value, 1, 0644, why) || atomicdir_write(stage, "sub/b", value, 1, 0600, why);
}

static char one[] = "1", two[] = "2";

static int fill_same(void)
{
	return atomicdir_fill("app", pair, one, &now, &error);
}

static int fill_other(void)
{
	return atomicdir_fill("app", pair, two, &now, &error);
}

static int add_all(struct atomicdir_stage *stage)
{
	int fd = atomicdir_create(stage, "deep/er/c", 0600, &error);

	if (fd < 0)
		return -1;
	close(fd);
	return atomicdir_mkdir(stage, "empty", 0500, &error) || atomicdir_symlink(stage, "link", "a", &error) ||
			       atomicdir_copy(stage, "copy", "source", &error) || atomicdir_carry(stage, "sub", &error) ||
			       atomicdir_carry(stage, ".", &error) || atomicdir_note(stage, "a note", 6, &error)
		       ? -1
		       : 0;
}

static int in_parts(void)
{
	struct atomicdir_stage *stage = atomicdir_begin("app", &now, &error);
	struct atomicdir_change *changes = NULL;
	struct atomicdir_generation *live = NULL;
	int result = -1;

	if (stage && add_all(stage) == 0 && atomicdir_seal(stage, &changes, &error) >= 0)
		result = atomicdir_commit(stage, &live, &error);
	atomicdir_free(stage);
	free(changes);
	free(live);
	return result;
}

static int list(void)
{
	struct atomicdir_generation *all = NULL;
	int result = atomicdir_list("app", &all, &error);

	free(all);
	return result;
}

static int show(void)
{
	struct atomicdir_generation *live = NULL;
	int result = atomicdir_show("app", &live, &error);

	free(live);
	return result;
}

static int diff(void)
{
	struct atomicdir_change *changes = NULL;
	int result = atomicdir_diff("app", -1, -1, &changes, &error);

	free(changes);
	return result;
}

static int roll_back(void)
{
	struct atomicdir_generation *live = NULL;
	int result = atomicdir_rollback("app", -1, &now, &live, &error);

	free(live);
	return result;
}

/* An undo that failed has changed nothing, and can be tried once more. */
static int undo(void)
{
	struct atomicdir_options options = now;
	struct atomicdir_generation *live = NULL;
	struct atomicdir_stage *stage;
	int result = -1;

	options.hook = ATOMICDIR_HOOK_LOCKED;
	stage = atomicdir_begin("app", &options, &error);
	if (stage && pair(stage, two, &error) == 0 && atomicdir_commit(stage, NULL, &error) == 1) {
		result = atomicdir_undo(stage, &live, &error);
		if (result < 0)
			result = atomicdir_undo(stage, &live, &error);
	}
	atomicdir_free(stage);
	free(live);
	return result;
}

static int prune_with(const struct atomicdir_options *options)
{
	struct atomicdir_generation *removed = NULL;
	int result = atomicdir_prune("app", options, &removed, &error);

	free(removed);
	return result;
}

static int prune_dry(void)
{
	return prune_with(&dry);
}

static int prune_now(void)
{
	struct atomicdir_options options = dry;

	options.dry_run = 0;
	return prune_with(&options);
}

static int pin(void)
{
	int fd = atomicdir_pin("app", NULL, &error);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int hook_done(void)
{
	return atomicdir_hook_done("app", 2, &error);
}

static int adopt(void)
{
	return atomicdir_adopt("taken", NULL, &error);
}

static int adopt_link(void)
{
	return atomicdir_adopt("taken-link", NULL, &error);
}

static const struct operation {
	const char *name;
	int (*run)(void);
	char before, after; /* what app/a holds */
} operations[] = {
	{ "fill, unchanged", fill_same, '1', '1' },
	{ "fill", fill_other, '1', '2' },
	{ "begin to commit", in_parts, '1', '1' },
	{ "list", list, '1', '1' },
	{ "show", show, '1', '1' },
	{ "diff", diff, '1', '1' },
	{ "rollback", roll_back, '1', '2' },
	{ "undo", undo, '1', '1' },
	{ "prune, dry", prune_dry, '1', '1' },
	{ "prune", prune_now, '1', '1' },
	{ "pin", pin, '1', '1' },
	{ "hook_done", hook_done, '1', '1' },
	{ "adopt a directory", adopt, '1', '1' },
	{ "adopt a symlink", adopt_link, '1', '1' },
};

/* ---- Trying them ---- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	return at->level ? remove(path) : 0;
}

/* Live is 1, before it was 2. */
static bool set_up(void)
{
	return nftw(".", remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0 && mkdir("source", 0755) == 0 &&
	       mkdir("source/in", 0755) == 0 && mkdir("taken", 0755) == 0 && mkdir("taken/in", 0755) == 0 &&
	       symlink("source", "taken-link") == 0 && fill_other() == 1 && atomicdir_hook_done("app", 1, &error) == 0 &&
	       fill_same() == 1;
}

static int count_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (directory && readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static char value(void)
{
	int fd = open("app/a", O_RDONLY | O_CLOEXEC);
	char byte = '?';

	if (fd < 0 || read(fd, &byte, 1) != 1)
		byte = '?';
	close(fd);
	return byte;
}

static bool is_good(const struct operation *operation, int result, long held, int fds)
{
	bool is_new = result >= 0 || error.kind == ATOMICDIR_NOT_DURABLE;

	return allocation->held == held && count_fds() == fds && value() == (is_new ? operation->after : operation->before) &&
	       (result >= 0 || (error.kind > ATOMICDIR_OK && error.text[0] && !strchr(error.text, '\n')));
}

/* How many allocations there are; -1: one of them was not taken well. */
static long try_all(const struct operation *operation)
{
	for (long number = 1;; number++) {
		long held, count;
		int fds, result;

		if (!set_up())
			return -1;
		fds = count_fds();
		held = allocation->held;
		allocation->count = 0;
		allocation->fail_at = number;
		result = operation->run();
		allocation->fail_at = 0;
		count = allocation->count;
		if (!is_good(operation, result, held, fds)) {
			printf("# %s, allocation %ld: %d (%s), app is %c, %ld held, %d open\n", operation->name, number, result,
			       error.text, value(), allocation->held - held, count_fds() - fds);
			return -1;
		}
		if (count < number)
			return number - 1;
	}
}

int main(void)
{
	const char *base = getenv("FAULTS_DIRECTORY");
	char directory[] = "leaks.XXXXXX", claim[128];
	long all = 0;

	if (chdir(base ? base : "/tmp") < 0 || !mkdtemp(directory) || chdir(directory) < 0)
		return 2;
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		long count = try_all(&operations[i]);

		snprintf(claim, sizeof(claim), "%s: an allocation that fails is told, and nothing leaks", operations[i].name);
		ok(count >= 0, claim);
		all += count;
	}
	printf("# %ld allocations failed\n", all);
	nftw(".", remove_one, 16, FTW_PHYS | FTW_DEPTH);
	if (chdir("..") < 0 || rmdir(directory) < 0)
		return 2;
	return done();
}
