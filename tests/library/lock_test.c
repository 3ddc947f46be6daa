/* SPDX-License-Identifier: ISC
 *
 * The writer's lock: who has it is told, it ends with commit and free whatever was forked meanwhile, and it is worth what its store is.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static struct atomicdir_error error;

static struct atomicdir_stage *begin(const char *link, int64_t wait_ms)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;

	options.wait_ms = wait_ms;
	options.grace_ms = 0;
	return atomicdir_begin(link, &options, &error);
}

static bool is_free(const char *link)
{
	struct atomicdir_stage *stage = begin(link, 0);

	if (!stage)
		printf("# %s\n", error.text);
	atomicdir_free(stage);
	return stage;
}

/* BUSY, and the text names this process. Its name is the kernel's, which is that of the emulator where there is one. */
static bool is_busy_with(const char *link, int64_t wait_ms, pid_t pid)
{
	char name[16], who[64];

	prctl(PR_GET_NAME, name);
	snprintf(who, sizeof(who), "process %d (%s), since 20", (int)pid, name);
	if (begin(link, wait_ms) || error.kind != ATOMICDIR_BUSY)
		return false;
	printf("# %s\n", error.text);
	return strstr(error.text, who);
}

static pid_t fork_paused(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_who_has_it(void)
{
	struct atomicdir_stage *stage = begin("who", 0);

	ok(is_busy_with("who", 0, getpid()), "a writer that is refused is told which process has the lock, and since when");
	ok(is_busy_with("who", 20, getpid()) && error.errnum == EWOULDBLOCK,
	   "a writer that has waited is told which process has the lock");
	atomicdir_free(stage);
}

static void test_fork(void)
{
	struct atomicdir_stage *stage = begin("forked", 0);
	pid_t pid = fork_paused();

	ok(atomicdir_write(stage, "f", "1", 1, 0644, &error) == 0 && atomicdir_commit(stage, NULL, &error) == 1 &&
		   is_free("forked"),
	   "a child that was forked while a stage was open does not keep the lock after commit");
	atomicdir_free(stage);
	end(pid);
	stage = begin("forked", 0);
	pid = fork_paused();
	atomicdir_free(stage);
	ok(is_free("forked"), "a child that was forked while a stage was open does not keep the lock after free");
	end(pid);
}

/* A writer that forks a child and is killed. The child's pid. */
static pid_t orphan(const char *link)
{
	int ends[2];
	pid_t writer, child = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	writer = fork();
	if (writer == 0) {
		if (!begin(link, 0))
			_exit(1);
		child = fork_paused();
		if (write(ends[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		pause();
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &child, sizeof(child)) != sizeof(child))
		child = -1;
	close(ends[0]);
	end(writer);
	return child;
}

static void test_orphan(void)
{
	pid_t child = orphan("orphaned");
	struct atomicdir_stage *stage;

	ok(child > 0 && is_busy_with("orphaned", 0, child),
	   "a child that outlives its killed writer has the lock, and is named");
	if (child > 0)
		kill(child, SIGKILL);
	stage = begin("orphaned", -1);
	ok(stage, "the lock ends when that child ends");
	atomicdir_free(stage);
}

static void test_chdir(void)
{
	struct atomicdir_generation *live = NULL;
	struct atomicdir_stage *stage = begin("moved", 0);

	ok(mkdir("elsewhere", 0755) == 0 && atomicdir_write(stage, "f", "1", 1, 0644, &error) == 0 && chdir("elsewhere") == 0 &&
		   atomicdir_write(stage, "d/f", "1", 1, 0644, &error) == 0 && atomicdir_commit(stage, &live, &error) == 1 &&
		   live && access(live->path, F_OK) == 0 && access("../moved/d/f", F_OK) == 0,
	   "a relative LINK means the same after the working directory has changed");
	free(live);
	atomicdir_free(stage);
	if (chdir("..") < 0)
		exit(2);
}

/* ---- The store and the stage that somebody changes meanwhile ---- */

static bool is_refused(struct atomicdir_stage *stage, const char *text)
{
	bool is_so = atomicdir_commit(stage, NULL, &error) < 0 && error.kind == ATOMICDIR_FAILED && strstr(error.text, text);

	printf("# %s\n", error.text);
	return is_so;
}

static void test_store_moved(void)
{
	struct atomicdir_stage *stage = begin("store", 0);

	ok(rename(".store.atomicdir", "kept") == 0 && is_refused(stage, "has lost its store") && access("store", F_OK) < 0,
	   "a store that was moved away meanwhile is refused");
	atomicdir_free(stage);
	stage = begin("anew", 0);
	ok(rename(".anew.atomicdir", "kept2") == 0 && mkdir(".anew.atomicdir", 0711) == 0 &&
		   is_refused(stage, "has lost its store"),
	   "a store that was removed and made anew meanwhile is refused");
	atomicdir_free(stage);
	ok(access(".anew.atomicdir", F_OK) == 0, "the store that was made anew is not changed");
	stage = begin("unlocked", 0);
	ok(unlink(".unlocked.atomicdir/lock") == 0 && is_refused(stage, "has lost its store"),
	   "a store whose lock was removed meanwhile is refused");
	atomicdir_free(stage);
}

static void test_stage_moved(void)
{
	struct atomicdir_stage *stage = begin("stage", 0);

	ok(rmdir(atomicdir_path(stage)) == 0 && is_refused(stage, "removed, moved or replaced"),
	   "a stage that was removed is refused");
	atomicdir_free(stage);
	stage = begin("stage", 0);
	ok(rename(atomicdir_path(stage), "away") == 0 && mkdir(atomicdir_path(stage), 0755) == 0 &&
		   is_refused(stage, "removed, moved or replaced") && access("stage", F_OK) < 0,
	   "a stage in whose place another directory was made is refused");
	atomicdir_free(stage);
	stage = begin("stage", 0);
	ok(atomicdir_seal(stage, NULL, &error) == 1 && rename(atomicdir_path(stage), "away2") == 0 &&
		   is_refused(stage, "removed, moved or replaced"),
	   "a stage that was moved after it was sealed is refused");
	atomicdir_free(stage);
	ok(access("away", F_OK) == 0 && access("away2", F_OK) == 0, "what was moved away is left alone");
}

int main(void)
{
	char directory[] = "/tmp/lock_test.XXXXXX", remove[64];

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 2;
	test_who_has_it();
	test_fork();
	test_orphan();
	test_chdir();
	test_store_moved();
	test_stage_moved();
	snprintf(remove, sizeof(remove), "rm -rf %s", directory);
	if (chdir("/") < 0 || system(remove) != 0)
		return 2;
	return done();
}
