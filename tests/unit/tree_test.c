/* SPDX-License-Identifier: ISC
 *
 * The operations on trees, each on small trees of its own: removing, copying, comparing, sealing, syncing, counting.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lend.h"
#include "dir/compare.h"
#include "dir/copy.h"
#include "dir/layout.h"
#include "dir/remove.h"
#include "dir/seal.h"
#include "dir/sync.h"
#include "dir/tree.h"
#include "tap.h"

#define NOBODY 65534
#define DEEP 5000

static struct atomicdir_error error;
static int top = -1; /* of the test that runs; its name is TREE below the working directory */
static struct tree_count count;
static const struct seal_rules as_made = { .uid = -1U, .gid = -1U, .file_mode = 0, .dir_mode = 0, .top_mode = 0 };

/* As a tree that was made for another place. */
static int seal_fd(int fd, const struct seal_rules *given)
{
	struct place place = { .parent_fd = top,
			       .store_fd = -1,
			       .name = { .link = "link", .base = "link", .store = ".link.atomicdir" } };
	struct links links = { .place = &place, .top_fd = fd, .leaving = LINKS_MUST_STAY, .from_fd = -1 };
	struct top as_asked = { .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = 0755 };
	struct seal_rules rules = *given;
	int done;

	rules.links = &links;
	rules.top = rules.top_mode || rules.uid != (uid_t)-1 ? &as_asked : NULL;
	done = tree_seal(fd, &rules, &count, &error);
	links_clear(&links);
	return done;
}

static int copy_at(const char *from, int to_fd, const char *to, bool merges, struct atomicdir_error *why)
{
	struct copy_rules rules = { .merges = merges, .is_exact = true };

	return tree_copy_at(top, from, to_fd, to, &rules, why);
}

static int copy_content(int from, int to, bool merges, struct atomicdir_error *why)
{
	struct copy_rules rules = { .merges = merges, .is_exact = true };

	return tree_copy_content(from, to, &rules, why);
}

/* ---- Making and looking ---- */

static void fresh(const char *name)
{
	char remove[64];

	close_fd(&top);
	/* By another program: what is tested here may be what is broken. */
	snprintf(remove, sizeof(remove), "chmod -R u+rwx %s 2>/dev/null; rm -rf %s", name, name);
	if (system(remove) != 0 || mkdir(name, 0755) < 0 || chmod(name, 0755) < 0 ||
	    (top = open_directory_at(AT_FDCWD, name)) < 0) {
		printf("Bail out! cannot make %s\n", name);
		exit(1);
	}
	memset(&error, 0, sizeof(error));
}

static bool put(const char *path, const char *text, mode_t mode)
{
	return write_file_at(top, path, mode, text, strlen(text)) == 0;
}

static bool dir(const char *path, mode_t mode)
{
	int fd = create_directory_at(top, path, mode);

	close_fd(&fd);
	return faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int sub(const char *path)
{
	return open_lending_at(top, path, O_RDONLY | O_DIRECTORY);
}

static struct stat look(const char *path)
{
	struct stat status = { 0 };

	fstatat(top, path, &status, AT_SYMLINK_NOFOLLOW);
	return status;
}

static bool exists(const char *path)
{
	return faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t mode_of(const char *path)
{
	return look(path).st_mode & 07777;
}

static bool holds(const char *path, const char *text)
{
	cleanup_buffer struct buffer buffer = { 0 };

	return read_file_at(top, path, 1 << 20, &buffer) == 0 && buffer.size == strlen(text) &&
	       (!buffer.size || memcmp(buffer.bytes, text, buffer.size) == 0);
}

static bool date(const char *path, time_t seconds, long nanoseconds)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { seconds, nanoseconds } };

	return utimensat(top, path, times, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool dated(const char *path, time_t seconds, long nanoseconds)
{
	struct stat status = look(path);

	return status.st_mtim.tv_sec == seconds && status.st_mtim.tv_nsec == nanoseconds;
}

static bool says(const char *text)
{
	return strstr(error.text, text) != NULL;
}

static bool is_root(void)
{
	return geteuid() == 0;
}

/* In a process of its own: what it does (another user, another name space) cannot be undone. */
static int apart(int (*test)(void))
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		int result = test();

		fflush(stdout);
		_exit(result);
	}
	return child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ? 99 : WEXITSTATUS(status);
}

#define CANNOT 2

static void ok_apart(int (*test)(void), const char *claim, const char *reason)
{
	int result = apart(test);

	if (result == CANNOT)
		skip(claim, reason);
	else
		ok(result == 0, claim);
}

static int become_nobody(void)
{
	if (!is_root())
		return 0;
	return setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0 ? -1
															: 0;
}

static bool give_away(const char *path)
{
	return !is_root() || fchownat(top, path, NOBODY, NOBODY, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A descriptor from before would still see the old mounts. */
static int own_mounts(const char *name)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	close_fd(&top);
	top = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top < 0 ? -1 : 0;
}

static int fails(int line)
{
	printf("# line %d does not hold; the last error: %s\n", line, error.text);
	fflush(stdout);
	return 1;
}

/* What does not hold ends the test in the child. */
#define MUST(condition)                         \
	do {                                    \
		if (!(condition))               \
			return fails(__LINE__); \
	} while (0)

/* ---- Removing ---- */

static void make_deep(const char *name, int depth)
{
	int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < depth && fd >= 0; i++) {
		int next = create_directory_at(fd, i ? "d" : name, 0755);

		write_file_at(fd, "f", 0644, "x", 1);
		close_fd(&fd);
		fd = next;
	}
	close_fd(&fd);
}

static int remove_deep_with_few_descriptors(void)
{
	struct rlimit few = { 128, 128 };

	MUST(setrlimit(RLIMIT_NOFILE, &few) == 0);
	MUST(tree_remove_at(top, "deep", &error) == 0 && !exists("deep"));
	return 0;
}

/* What is left when a removal is killed after it has moved something up. */
static int remove_half_removed(void)
{
	int fd;

	make_deep("trash", 200);
	fd = sub("trash");
	MUST(fd >= 0);
	close_fd(&top);
	top = fd;
	make_deep("..deep-1", 200);
	make_deep("..deep-2", 100);
	fd = open("remove", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(fd >= 0 && tree_remove_at(fd, "trash", &error) == 0);
	MUST(faccessat(fd, "trash", F_OK, AT_SYMLINK_NOFOLLOW) < 0);
	return 0;
}

static int remove_locked_as_nobody(void)
{
	MUST(give_away(".") && become_nobody() == 0);
	MUST(dir("locked", 0755) && dir("locked/none", 0755) && put("locked/none/x", "x", 0));
	MUST(dir("locked/ro", 0755) && put("locked/ro/x", "x", 0400));
	MUST(fchmodat(top, "locked/none", 0, 0) == 0 && fchmodat(top, "locked/ro", 0500, 0) == 0);
	MUST(fchmodat(top, "locked", 0500, 0) == 0);
	MUST(tree_remove_at(top, "locked", &error) == 0 && !exists("locked"));
	make_deep("deep", 200);
	MUST(tree_remove_at(top, "deep", &error) == 0 && !exists("deep"));
	return 0;
}

static int remove_around_mount(void)
{
	if (!is_root() || own_mounts("remove") < 0)
		return CANNOT;
	MUST(dir("m", 0755) && dir("m/a", 0755) && dir("m/on", 0755) && put("m/a/x", "x", 0600) && put("m/zz", "z", 0600));
	MUST(dir("outside", 0755) && put("outside/precious", "p", 0600) && put("m/file", "", 0600));
	if (mount("remove/outside", "remove/m/on", NULL, MS_BIND, NULL) < 0 ||
	    mount("remove/outside/precious", "remove/m/file", NULL, MS_BIND, NULL) < 0)
		return CANNOT;
	MUST(tree_remove_at(top, "m", &error) < 0 && error.text[0]);
	MUST(holds("outside/precious", "p") && !exists("m/a") && !exists("m/zz"));
	return 0;
}

static int remove_append_only(void)
{
	MUST(dir("outside", 0751) && dir("a", 0755) && symlinkat("../outside", top, "a/link") == 0);
	if (!is_root() || system("chattr +a remove/a 2>/dev/null") != 0)
		return CANNOT;
	MUST(tree_remove_at(top, "a", &error) < 0 && exists("a/link") && mode_of("outside") == 0751);
	MUST(system("chattr -a remove/a") == 0 && tree_remove_at(top, "a", &error) == 0);
	return 0;
}

static void test_remove(void)
{
	fresh("remove");
	ok(tree_remove_at(top, "nothing", &error) == 0, "removing a name that does not exist succeeds");
	ok(put("f", "x", 0) && tree_remove_at(top, "f", &error) == 0 && !exists("f"), "a file is removed, whatever its mode");
	ok(dir("kept", 0755) && put("kept/f", "x", 0644) && symlinkat("kept", top, "l") == 0 &&
		   tree_remove_at(top, "l", &error) == 0 && !exists("l") && exists("kept/f"),
	   "removing a symlink removes the symlink, not what it leads to");
	ok(dir("t", 0755) && symlinkat("../kept", top, "t/l") == 0 && put("t/..atomicdir-wake", "", 0600) && dir("t/s", 0755) &&
		   tree_remove_at(top, "t", &error) == 0 && !exists("t") && exists("kept/f"),
	   "a symlink inside a removed tree is not followed");
	ok(dir("t", 0755) && dir("t/..atomicdir-wake", 0755) && put("t/..atomicdir-wake/x", "", 0600) && dir("t/s", 0755) &&
		   dir("t/s/..atomicdir-wake", 0755) && tree_remove_at(top, "t", &error) == 0 && !exists("t"),
	   "a tree is removed even if it holds a directory of the wake-up file's name");
	make_deep("deep", DEEP);
	ok_apart(remove_deep_with_few_descriptors, "5,000 levels are removed with fewer than 128 descriptors", "");
	fresh("remove");
	ok_apart(remove_half_removed, "what an interrupted removal moved up is removed by the next one", "");
	fresh("remove");
	ok_apart(remove_locked_as_nobody, "directories of modes 0500 and 0000 are removed by their owner", "");
	fresh("remove");
	ok_apart(remove_around_mount, "a mount in a tree stays, and all else is removed", "needs root and mounts");
	fresh("remove");
	ok_apart(remove_append_only, "what a symlink points to keeps its mode when the link cannot be removed",
		 "needs chattr +a");
}

/* ---- Copying ---- */

static bool make_sample(const char *at)
{
	char path[64];
	int fd;

	if (!dir(at, 0755) || (fd = sub(at)) < 0)
		return false;
	close_fd(&top);
	top = fd;
	snprintf(path, sizeof(path), "../%s", at);
	return put("f", "text", 0640) && put("empty", "", 04711) && dir("s", 0755) && put("s/x", "x", 0604) &&
	       symlinkat("s/x", top, "l") == 0 && symlinkat("nowhere", top, "broken") == 0 &&
	       date("f", 1000000001, 123456789) && date("l", 1000000002, 5) && fchmodat(top, "s", 02750, 0) == 0 &&
	       date("s", 1000000003, 7);
}

static void back(const char *name)
{
	close_fd(&top);
	top = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void test_copy_exact(void)
{
	mode_t mask = umask(0777);

	fresh("copy");
	umask(0);
	ok(make_sample("from"), "(a sample tree is made)");
	back("copy");
	umask(0777);
	ok(copy_at("from", top, "to", false, &error) == 0, "a tree is copied");
	umask(mask);
	ok(holds("to/f", "text") && holds("to/s/x", "x") && holds("to/empty", ""), "the files of the copy have the same bytes");
	ok(mode_of("to/f") == 0640 && mode_of("to/empty") == 04711 && mode_of("to/s") == 02750 && mode_of("to/s/x") == 0604,
	   "the copy has the same modes, whatever the umask");
	ok(dated("to/f", 1000000001, 123456789) && dated("to/l", 1000000002, 5) && dated("to/s", 1000000003, 7),
	   "the copy has the same modification times to the nanosecond, also of directories");
	ok(S_ISLNK(look("to/l").st_mode) && S_ISLNK(look("to/broken").st_mode), "symlinks are copied as symlinks");
	ok(copy_at("from", top, "to", false, &error) < 0 && error.errnum == EEXIST, "copying onto an existing name is EEXIST");
	ok(copy_at("from/f", top, "f", false, &error) == 0 && holds("f", "text") && mode_of("f") == 0640,
	   "a single file is copied with its mode");
	ok(mkfifoat(top, "from/fifo", 0600) == 0 && copy_at("from", top, "to2", false, &error) < 0 && says("fifo") &&
		   !exists("to2/fifo"),
	   "a FIFO is refused, and the error names it");
}

static void test_copy_merge(void)
{
	cleanup_fd int from = -1, to = -1;

	fresh("copy");
	ok(dir("a", 0755) && put("a/both", "a", 0600) && put("a/only", "a", 0600) && dir("a/s", 0750) &&
		   put("a/s/only", "a", 0600) && dir("a/d", 0755) && put("a/d/x", "a", 0600) && put("a/e", "a", 0600) &&
		   put("a/..atomicdir-wake", "", 0600) && put("a/s/..atomicdir-wake", "w", 0600) && dir("b", 0711) &&
		   put("b/both", "b", 0644) && dir("b/s", 0700) && put("b/d", "a file", 0644) && dir("b/e", 0755),
	   "(two trees are made)");
	from = sub("a");
	to = sub("b");
	ok(date("b", 1000000009, 0) && copy_content(from, to, true, &error) == 0,
	   "copying content into a directory that has entries succeeds");
	ok(holds("b/both", "b") && mode_of("b/both") == 0644, "a merge keeps an existing file and its mode");
	ok(holds("b/only", "a") && holds("b/s/only", "a"), "a merge adds missing entries, also in existing directories");
	ok(mode_of("b/s") == 0700 && mode_of("b") == 0711, "a merge keeps the modes of existing directories");
	ok(holds("b/d", "a file"), "a merge keeps a file where the source has a directory");
	ok(S_ISDIR(look("b/e").st_mode), "a merge keeps a directory where the source has a file");
	ok(!exists("b/..atomicdir-wake"), "the wake-up file at the top is not copied");
	ok(holds("b/s/..atomicdir-wake", "w"), "a file of the wake-up file's name further down is copied");
}

static int copy_as_nobody(void)
{
	cleanup_fd int from = -1, to = -1;

	MUST(give_away(".") && (!is_root() || (put("foreign", "x", 06755) && fchmodat(top, "foreign", 06755, 0) == 0)));
	MUST(become_nobody() == 0);
	MUST(dir("ro", 0755) && put("ro/x", "x", 0400) && dir("ro/s", 0755) && put("ro/s/y", "y", 0));
	MUST(fchmodat(top, "ro/s/y", 0400, 0) == 0 && fchmodat(top, "ro/s", 0500, 0) == 0 && fchmodat(top, "ro", 0500, 0) == 0);
	MUST(copy_at("ro", top, "to", false, &error) == 0);
	MUST(holds("to/s/y", "y") && mode_of("to") == 0500 && mode_of("to/s") == 0500);
	MUST(dir("into", 0755) && dir("into/s", 0500));
	from = sub("ro");
	to = sub("into");
	MUST(copy_content(from, to, true, &error) == 0 && holds("into/s/y", "y") && mode_of("into/s") == 0500);
	if (!is_root() && exists("foreign"))
		MUST(copy_at("foreign", top, "mine", false, &error) == 0 && mode_of("mine") == 0755 &&
		     look("mine").st_uid == NOBODY);
	return 0;
}

static int copy_to_a_full_disk(void)
{
	cleanup_fd int small = -1;

	if (!is_root() || own_mounts("copy") < 0 || !dir("small", 0755) ||
	    mount("none", "copy/small", "tmpfs", 0, "size=64k") < 0)
		return CANNOT;
	small = sub("small");
	MUST(put("big", "", 0600) && system("head -c 1000000 /dev/zero >copy/big") == 0);
	MUST(copy_at("big", small, "big", false, &error) < 0 && error.errnum == ENOSPC);
	MUST(faccessat(small, "big", F_OK, 0) < 0);
	return 0;
}

/* A thread's stack may be small: 128 KiB with musl. */
static int copy_with_a_small_stack(void)
{
	cleanup_fd int from = -1, to = -1;
	struct rlimit few = { 1 << 20, 1 << 20 };

	make_deep("deep", TREE_DEPTH_MAX);
	MUST(setrlimit(RLIMIT_STACK, &few) == 0);
	MUST(copy_at("deep", top, "to", false, &error) == 0);
	from = sub("deep");
	to = sub("to");
	MUST(tree_compare(&(struct compare){ 0 }, from, to, &error) == 0 && seal_fd(to, &as_made) == 0);
	return 0;
}

static void test_copy_otherwise(void)
{
	fresh("copy");
	make_deep("deep", TREE_DEPTH_MAX + 10);
	ok(copy_at("deep", top, "to", false, &error) < 0 && says("deeper than"),
	   "a copy of a tree that is too deep is refused");
	fresh("copy");
	ok_apart(copy_as_nobody, "directories of 0500 are filled and merged; what is another's loses its setuid bit", "");
	fresh("copy");
	ok_apart(copy_with_a_small_stack, "the deepest tree is copied, compared and sealed with a small stack", "");
	fresh("copy");
	ok_apart(copy_to_a_full_disk, "a file that cannot be copied whole is not left behind", "needs root and mounts");
}

/* ---- Comparing ---- */

static int same_files; /* how many the comparison named */

static void name_same(int a_dir, int b_dir, const char *name, const struct tree_entry *a, const struct tree_entry *b)
{
	struct tree_entry now;

	(void)a_dir;
	same_files += tree_look(b_dir, name, &now) == 0 && now.inode == b->inode && a->size == b->size;
}

static int differ(const char *a, const char *b, struct changes *changes, bool names_same)
{
	struct compare compare = { .changes = changes, .same_file = names_same ? name_same : NULL };
	cleanup_fd int a_fd = a ? sub(a) : -1, b_fd = sub(b);

	same_files = 0;
	return tree_compare(&compare, a_fd, b_fd, &error);
}

/* "M. Af Ds/x", the changes of b in a word. */
static const char *told(const char *a, const char *b)
{
	static char text[512];
	cleanup_changes struct changes *changes = changes_new();
	cleanup_free struct atomicdir_change *list = NULL;

	text[0] = '\0';
	if (differ(a, b, changes, false) < 0 || changes_take(changes, &list) < 0)
		return error.text;
	for (struct atomicdir_change *change = list; change; change = change->next)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%c%s", *text ? " " : "", change->what,
			 change->path);
	return text;
}

static bool tells(const char *wanted)
{
	const char *text = told("a", "b");

	if (strcmp(text, wanted) != 0)
		printf("# told: %s\n", text);
	return strcmp(text, wanted) == 0;
}

static void make_two(void)
{
	fresh("compare");
	ok(make_sample("a"), "(a sample tree is made)");
	back("compare");
	copy_at("a", top, "b", false, &error);
}

static void test_compare_kinds(void)
{
	make_two();
	ok(tells("") && differ("a", "b", NULL, false) == 0, "a copy is the same");
	ok(date("b/f", 5, 5) && differ("a", "b", NULL, false) == 0, "a comparison ignores times");
	ok(fchmodat(top, "b/f", 0600, 0) == 0 && tells("Mf") && differ("a", "b", NULL, false) == 1,
	   "a changed mode is a difference");
	ok(fchmodat(top, "b", 0700, 0) == 0 && tells("M. Mf"), "a changed mode of the top directory is a difference");
	ok(unlinkat(top, "b/s/x", 0) == 0 && put("b/s/x", "y", 0604) && tells("M. Mf Ms/x"), "a changed byte is a difference");
	ok(unlinkat(top, "b/l", 0) == 0 && symlinkat("s/y", top, "b/l") == 0 && tells("M. Mf Ml Ms/x"),
	   "a changed symlink target is a difference");
	ok(unlinkat(top, "b/l", 0) == 0 && put("b/l", "", 0777) && tells("M. Mf Ml Ms/x"),
	   "an entry that changed its type is listed as M");
	ok(dir("b/new", 0755) && put("b/new/x", "", 0644) && put("b/new-er", "", 0644) &&
		   tells("M. Mf Ml Anew Anew-er Anew/x Ms/x"),
	   "an added directory is listed with all below it, sorted by the bytes of the path");
	ok(tree_remove_at(top, "b/s", &error) == 0 && tells("M. Mf Ml Anew Anew-er Anew/x Ds Ds/x"),
	   "a deleted directory is listed with all below it");
	ok(strcmp(told(NULL, "a"), "Abroken Aempty Af Al As As/x") == 0, "compared with nothing, every entry is added");
	if (is_root()) {
		make_two();
		ok(fchownat(top, "b/l", 7, -1U, AT_SYMLINK_NOFOLLOW) == 0 && tells("Ml"),
		   "a changed owner is a difference, also of a symlink");
	} else
		skip("a changed owner is a difference, also of a symlink", "needs root");
	make_two();
	ok(put("b/..atomicdir-wake", "", 0600) && tells(""), "the wake-up file at the top is no difference");
	ok(put("b/s/..atomicdir-wake", "", 0600) && tells("As/..atomicdir-wake"),
	   "a file of the wake-up file's name further down is a difference");
}

static bool big(const char *path, off_t at, char byte)
{
	cleanup_fd int fd = openat(top, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd >= 0 && ftruncate(fd, 200000) == 0 && pwrite(fd, &byte, 1, at) == 1;
}

static void test_compare_more(void)
{
	make_two();
	ok(put("b/new", "", 0644) && differ("a", "b", NULL, true) == 1 && same_files == 3,
	   "same_file is called for each file with the same bytes, also after a difference");
	make_two();
	ok(big("a/big", 199999, 'x') && big("b/big", 199999, 'y') && tells("Mbig"),
	   "a difference in the last byte of a large file is found");
	fresh("compare");
	make_deep("a", TREE_DEPTH_MAX + 10);
	make_deep("b", TREE_DEPTH_MAX + 10);
	ok(differ("a", "b", NULL, false) < 0 && error.text[0], "a comparison of trees that are too deep is refused");
}

static int compare_as_nobody(void)
{
	MUST(give_away(".") && become_nobody() == 0);
	MUST(dir("a", 0755) && put("a/x", "x", 0) && dir("b", 0755) && put("b/x", "x", 0));
	MUST(differ("a", "b", NULL, false) == 1);
	MUST(fchmodat(top, "a/x", 0400, 0) == 0 && fchmodat(top, "b/x", 0400, 0) == 0 && differ("a", "b", NULL, false) == 0);
	MUST(dir("a/d", 0) && dir("b/d", 0) && tells("Md"));
	return 0;
}

/* ---- Sealing ---- */

static int seal(const struct seal_rules *rules)
{
	cleanup_fd int fd = sub("t");

	memset(&error, 0, sizeof(error));
	return seal_fd(fd, rules);
}

static void test_seal_modes(void)
{
	const struct seal_rules rules = { .uid = -1U, .gid = -1U, .file_mode = 0440, .dir_mode = 0550, .top_mode = 0751 };

	fresh("seal");
	ok(dir("t", 0700) && put("t/f", "four", 0600) && put("t/s", "", 04755) && dir("t/d", 0755) && put("t/d/x", "x", 0644) &&
		   fchmodat(top, "t/s", 04755, 0) == 0 && fchmodat(top, "t/d", 02755, 0) == 0 &&
		   symlinkat("d/x", top, "t/l") == 0,
	   "(a tree)");
	ok(seal(&as_made) == 0 && mode_of("t/f") == 0600 && mode_of("t/s") == 04755 && mode_of("t/d") == 02755 &&
		   mode_of("t") == 0700,
	   "a seal without rules changes nothing");
	ok(count.files == 3 && count.bytes == 5, "a seal counts files and bytes");
	ok(date("t/f", 77, 7) && seal(&rules) == 0 && mode_of("t/f") == 0440 && mode_of("t/s") == 0440 &&
		   mode_of("t/d/x") == 0440,
	   "a seal gives files the stated mode");
	ok(mode_of("t/d") == 02550 && mode_of("t") == 0751,
	   "a seal gives directories the stated mode, and they keep a setgid bit");
	ok(dated("t/f", 77, 7), "a seal keeps times");
	ok(seal(&rules) == 0 && mode_of("t/d") == 02550, "a second seal changes nothing");
}

static void test_seal_owners(void)
{
	const struct seal_rules rules = { .uid = 7, .gid = 8, .file_mode = 0, .dir_mode = 0, .top_mode = 02755 };

	if (!is_root()) {
		skip("a seal sets owners, also of symlinks, and keeps setuid and setgid bits", "needs root");
		return;
	}
	fresh("seal");
	put("outside", "x", 0644);
	ok(dir("t", 0700) && put("t/f", "", 0644) && symlinkat("f", top, "t/l") == 0 && dir("t/d", 0755) &&
		   fchmodat(top, "t/f", 06755, 0) == 0 && seal(&rules) == 0 && look("t/f").st_uid == 7 &&
		   look("t/l").st_gid == 8 && look("t/d").st_uid == 7 && look("t").st_uid == 7 && mode_of("t/f") == 06755 &&
		   mode_of("t") == 02755,
	   "a seal sets owners, also of symlinks, and keeps setuid and setgid bits");
	ok(symlinkat("x", top, "link") == 0 && linkat(top, "link", top, "t/shared", 0) == 0 && seal(&rules) == 0 &&
		   look("t/shared").st_uid == 7 && look("link").st_uid == 0 && S_ISLNK(look("t/shared").st_mode),
	   "a symlink with a hard link outside is replaced by a copy before its owner changes");
}

static void test_seal_hard_links(void)
{
	const struct seal_rules rules = { .uid = -1U, .gid = -1U, .file_mode = 0400, .dir_mode = 0, .top_mode = 0 };
	ino_t before;

	fresh("seal");
	ok(dir("t", 0755) && put("t/in1", "in", 0644) && linkat(top, "t/in1", top, "t/in2", 0) == 0 &&
		   put("out", "out", 0644) && linkat(top, "out", top, "t/out", 0) == 0 && date("out", 55, 5),
	   "(files with hard links inside and outside are made)");
	before = look("t/in1").st_ino;
	ok(seal(&as_made) == 0 && look("t/out").st_ino == look("out").st_ino, "a file that needs no change keeps its inode");
	ok(seal(&rules) == 0 && look("t/in1").st_ino == before && look("t/in2").st_ino == before && mode_of("t/in1") == 0400,
	   "hard links that are all inside stay one file");
	ok(mode_of("out") == 0644 && mode_of("t/out") == 0400 && holds("t/out", "out") && look("out").st_nlink == 1,
	   "a file with a hard link outside is replaced by a copy before its mode changes");
	ok(dated("t/out", 55, 5) && dated("out", 55, 5), "that copy and the file outside keep their times");
	ok(!exists("t/..atomicdir-copy"), "nothing temporary is left");
	ok(put("out2", "two", 0644) && linkat(top, "out2", top, "t/out2", 0) == 0 && put("t/..atomicdir-copy", "mine", 0400) &&
		   seal(&rules) < 0 && holds("t/..atomicdir-copy", "mine"),
	   "a file that has the temporary name is not overwritten");
}

static int seal_many_hard_links(void)
{
	const struct seal_rules rules = { .uid = -1U, .gid = -1U, .file_mode = 0444, .dir_mode = 0, .top_mode = 0 };
	struct timespec from, to;
	char inside[32], outside[32];

	MUST(dir("t", 0755) && dir("live", 0755));
	for (int i = 0; i < 20000; i++) {
		snprintf(inside, sizeof(inside), "t/%d", i);
		snprintf(outside, sizeof(outside), "live/%d", i);
		MUST(put(outside, "", 0444) && linkat(top, outside, top, inside, 0) == 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	MUST(seal(&rules) == 0 && count.files == 20000);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("# 20,000 files with two names: %.0f ms\n",
	       (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6);
	MUST(mode_of("t/0") == 0444);
	return 0;
}

static bool refuses(const char *text, const char *at)
{
	static const struct seal_rules rules = { .uid = -1U, .gid = -1U, .file_mode = 0400, .dir_mode = 0500, .top_mode = 0 };
	bool refused;

	if (symlinkat(text, top, at) < 0)
		return false;
	refused = seal(&rules) < 0 && says("copy what it leads to") && says(at + 2) && error.kind == ATOMICDIR_FAILED;
	unlinkat(top, at, 0);
	return refused && mode_of("t/f") == 0644;
}

static bool takes(const char *text, const char *at)
{
	bool taken = symlinkat(text, top, at) == 0 && seal(&as_made) == 0;

	if (!taken)
		printf("# %s\n", error.text);
	unlinkat(top, at, 0);
	return taken;
}

static void test_seal_links(void)
{
	fresh("seal");
	ok(dir("t", 0755) && put("t/f", "", 0644) && dir("t/d", 0755) && dir("t/d/e", 0755), "(a tree)");
	ok(refuses("../x", "t/l") && refuses("..", "t/l") && refuses("./..//..", "t/d/l") && refuses("d/../../x", "t/l") &&
		   refuses("../../..", "t/d/e/l"),
	   "relative symlinks out of the tree are refused, and nothing is changed");
	ok(takes(".", "t/l") && takes("..", "t/d/l") && takes("../..", "t/d/e/l") && takes("d/../f", "t/l") &&
		   takes("nowhere/x", "t/l") && takes("..data/x", "t/l"),
	   "relative symlinks that stay in the tree are accepted");
	ok(takes("/etc", "t/l") && takes("/../x", "t/l"), "absolute symlinks are accepted");
	ok(symlinkat("d/e", top, "t/short") == 0 && takes("short/../../f", "t/d/l") && symlinkat("/tmp", top, "t/abs") == 0 &&
		   refuses("../abs/../x", "t/d/l"),
	   "a symlink through other symlinks is judged by where it leads");
	ok(symlinkat(".", top, "t/d/here") == 0 && refuses("here/../../x", "t/d/l"),
	   "a symlink that leaves the tree through another symlink is refused");
}

static bool refuses_kind(mode_t kind, const char *at)
{
	bool refused = mknodat(top, at, kind | 0600, 0) == 0 && seal(&as_made) < 0 && says(at + 2);

	unlinkat(top, at, 0);
	return refused;
}

static int seal_mount(void)
{
	if (!is_root() || own_mounts("seal") < 0)
		return CANNOT;
	MUST(dir("t", 0755) && dir("t/on", 0755) && put("t/file", "", 0644) && dir("other", 0755) && put("other/x", "", 0644));
	if (mount("seal/other", "seal/t/on", NULL, MS_BIND, NULL) < 0)
		return CANNOT;
	MUST(seal(&as_made) < 0 && says("is a mount point") && says("on"));
	MUST(umount("seal/t/on") == 0 && mount("seal/other/x", "seal/t/file", NULL, MS_BIND, NULL) == 0);
	MUST(seal(&as_made) < 0 && says("is a mount point") && says("file"));
	MUST(umount("seal/t/file") == 0 && seal(&as_made) == 0);
	MUST(mount("none", "seal/t/on", "tmpfs", 0, NULL) == 0 && seal(&as_made) < 0 && says("is a mount point"));
	return 0;
}

static int seal_as_nobody(void)
{
	const struct seal_rules rules = { .uid = -1U, .gid = -1U, .file_mode = 0400, .dir_mode = 0500, .top_mode = 0 };

	MUST(give_away(".") && become_nobody() == 0);
	MUST(dir("t", 0700) && dir("t/d", 0700) && put("t/d/x", "x", 0644) && put("out", "x", 0644));
	MUST(linkat(top, "out", top, "t/d/shared", 0) == 0 && fchmodat(top, "t/d", 0500, 0) == 0);
	MUST(seal(&rules) == 0 && mode_of("t/d") == 0500 && mode_of("t/d/x") == 0400 && mode_of("t/d/shared") == 0400);
	MUST(mode_of("out") == 0644);
	return 0;
}

static void test_seal_refusals(void)
{
	static const char at_top[] = "t/..atomicdir-wake", below[] = "t/d/..atomicdir-wake";
	const struct seal_rules rules = { .uid = -1U, .gid = -1U, .file_mode = 0400, .reserves = layout_link.reserves };

	fresh("seal");
	ok(dir("t", 0755) && dir("t/d", 0755) && refuses_kind(S_IFIFO, "t/d/p") && refuses_kind(S_IFSOCK, "t/d/s"),
	   "FIFOs and sockets are refused by name");
	if (is_root())
		ok(refuses_kind(S_IFCHR, "t/c"), "devices are refused");
	else
		skip("devices are refused", "needs root");
	ok(refuses_kind(S_IFIFO, below), "a FIFO is refused under the wake-up file's name too");
	ok(put(below, "x", 0644) && seal(&rules) == 0 && mode_of(below) == 0400 && count.files == 1,
	   "the wake-up file's name is an ordinary name below the top");
	ok(put(at_top, "x", 0644) && seal(&rules) < 0 && says("reserved") && holds(at_top, "x"),
	   "the wake-up file's name is refused at the top, and that file is not removed");
	fresh("seal");
	ok(dir("t", 0755) && put("t/f", "", 0644), "(a tree)");
	make_deep("t/deep", TREE_DEPTH_MAX + 10);
	ok(seal(&rules) < 0 && says("deeper than") && mode_of("t/f") == 0644,
	   "a seal of a tree that is too deep is refused, and nothing is changed");
	fresh("seal");
	ok_apart(seal_mount, "directories and files that something is mounted on are refused", "needs root and mounts");
	fresh("seal");
	ok_apart(seal_as_nobody, "directories of 0500 are sealed by their owner, and what they share is parted", "");
	fresh("seal");
	ok_apart(seal_many_hard_links, "many shared files are sealed", "");
}

/* ---- Syncing, counting ---- */

static int sync_as_nobody(void)
{
	cleanup_fd int fd = -1;

	MUST(give_away(".") && become_nobody() == 0);
	MUST(dir("t", 0755) && put("t/none", "x", 0) && put("t/wo", "x", 0200) && dir("t/d", 0500) &&
	     symlinkat("x", top, "t/l") == 0);
	MUST((fd = sub("t")) >= 0 && sync_tree(fd, &error) == 0);
	MUST(mode_of("t/none") == 0 && mode_of("t/wo") == 0200 && mode_of("t/d") == 0500);
	return 0;
}

static int sync_ways(void)
{
	cleanup_fd int fd = -1;

	if (!is_root() || own_mounts("sync") < 0 || !dir("t", 0755) || mount("none", "sync/t", "tmpfs", 0, NULL) < 0)
		return CANNOT;
	MUST((fd = sub("t")) >= 0);
	MUST(sync_way(fd, ATOMICDIR_SYNC_AUTO) == SYNC_WAY_VOLATILE && sync_way(fd, ATOMICDIR_SYNC_FS) == SYNC_WAY_FS);
	MUST(sync_way(fd, ATOMICDIR_SYNC_FILES) == SYNC_WAY_FILES && sync_way(fd, ATOMICDIR_SYNC_NONE) == SYNC_WAY_NONE);
	return 0;
}

static void test_sync(void)
{
	cleanup_fd int path_only = -1;

	fresh("sync");
	ok_apart(sync_as_nobody, "files that their owner may not read are synced, and keep their modes", "");
	ok(dir("u", 0755) && put("u/x", "x", 0644) && sync_fd(top, "t", &error) == 0 && sync_filesystem(top, &error) == 0,
	   "syncing a tree, a descriptor and a file system succeeds");
	path_only = openat(top, "u", O_PATH | O_CLOEXEC);
	ok(sync_fd(path_only, "u", &error) < 0 && error.errnum == EBADF && says("u") && sync_filesystem(path_only, &error) < 0,
	   "a sync that fails is an error");
	fresh("sync");
	ok_apart(sync_ways, "tmpfs is volatile, and what was asked for goes first", "needs root and mounts");
}

int main(void)
{
	const char *where = getenv("TMPDIR");
	char *made = NULL;

	if (asprintf(&made, "%s/tree-test-XXXXXX", where ? where : "/tmp") < 0 || !mkdtemp(made) || chdir(made) < 0 ||
	    chmod(made, 0755) < 0)
		return 1;
	umask(022);
	test_remove();
	test_copy_exact();
	test_copy_merge();
	test_copy_otherwise();
	test_compare_kinds();
	test_compare_more();
	fresh("compare");
	ok_apart(compare_as_nobody, "what cannot be read counts as different", "");
	test_seal_modes();
	test_seal_owners();
	test_seal_hard_links();
	test_seal_links();
	test_seal_refusals();
	test_sync();
	close_fd(&top);
	if (chdir("..") < 0 || tree_remove_at(AT_FDCWD, strrchr(made, '/') + 1, &error) < 0)
		printf("# %s\n", error.text);
	free(made);
	return done();
}
