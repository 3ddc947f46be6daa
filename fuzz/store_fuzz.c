/* SPDX-License-Identifier: ISC
 *
 * Claim: a store that an attacker wrote is refused or used safely: nothing outside changes, and success is a whole generation
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lend.h"
#include "dir/remove.h"
#include "dir/tree.h"
#include "fuzz.h"
#include "lines.h"

#define NOBODY 65534
#define STORE ".app.atomicdir"
#define ENTRIES_MAX 48
#define CALLS_MAX 8
#define VALUE "value"

/* "in" holds LINK and its store, "outside" is what nobody may touch; names of the input are relative to "in". */
static int sandbox_fd = -1, in_fd = -1;
static char in_path[4096], link_path[4200];

/* ---- Time: waits end at once, as with a caught signal ---- */

static __thread bool is_fuzzed;

int nanosleep(const struct timespec *time, struct timespec *left)
{
	if (!is_fuzzed)
		return (int)syscall(SYS_nanosleep, time, left);
	errno = EINTR;
	return -1;
}

/* ---- What is outside ---- */

static void make_outside(void)
{
	cleanup_fd int fd = create_directory_at(sandbox_fd, "outside", 0755), inner = create_directory_at(fd, "inner", 0500);

	must(fd >= 0 && inner >= 0 && write_file_at(fd, "canary", 0644, "canary", 6) == 0);
	must(fchmod(inner, 0700) == 0 && write_file_at(inner, "file", 0400, "", 0) == 0 && fchmod(inner, 0500) == 0);
	must(write_file_at(fd, "closed", 0, "closed", 6) == 0 && symlinkat("canary", fd, "symlink") == 0);
	must(mkdirat(fd, "000001", 0755) == 0);
}

static void remember(int directory_fd, struct buffer *memory)
{
	struct tree_names names;
	struct stat status;

	must(fstat(directory_fd, &status) == 0);
	must(buffer_printf(memory, "%o %ld.%09ld\n", status.st_mode, status.st_mtim.tv_sec, status.st_mtim.tv_nsec) == 0);
	must(tree_names_read(directory_fd, false, &names) == 0);
	for (size_t i = 0; i < names.count; i++) {
		cleanup_fd int fd = -1;

		must(fstatat(directory_fd, names.names[i], &status, AT_SYMLINK_NOFOLLOW) == 0);
		must(buffer_printf(memory, "%s %lu %o %ld %ld.%09ld\n", names.names[i], status.st_ino, status.st_mode,
				   status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec) == 0);
		if (!S_ISDIR(status.st_mode))
			continue;
		fd = open_directory_at(directory_fd, names.names[i]);
		must(fd >= 0);
		remember(fd, memory);
	}
	tree_names_clear(&names);
}

static void remember_outside(struct buffer *memory)
{
	cleanup_fd int fd = open_directory_at(sandbox_fd, "outside");

	must(fd >= 0);
	remember(fd, memory);
}

/* ---- What the attacker wrote ---- */

/* The directory of what `path` names, never by way of a link; *name: its last component. */
static int open_parent(const char *path, const char **name)
{
	cleanup_free char *copy = fuzz_copy(path, strlen(path));
	char *rest = copy, *slash;
	int fd = fcntl(in_fd, F_DUPFD_CLOEXEC, 0), next;

	for (; fd >= 0 && (slash = strchr(rest, '/')); rest = slash + 1, fd = next) {
		*slash = '\0';
		next = open_directory_at(fd, rest);
		close(fd);
	}
	*name = path + (rest - copy);
	return fd;
}

/* "TYPE PATH MODE OR TEXT": d, f, l (symlink), h (hard link to a name outside), p (FIFO), m (changes a mode). Failing is no
 * harm. */
static void add_entry(const struct lines *lines)
{
	char *path = lines->rest, *rest = path + strcspn(path, " ");
	size_t size = lines->rest_size - (size_t)(rest - path);
	const char *name;
	cleanup_fd int fd = -1, outside = -1;
	mode_t mode;

	if (*rest) {
		*rest++ = '\0';
		size--;
	}
	if (!is_inside(path) || strchr(rest, '/') == rest || (fd = open_parent(path, &name)) < 0)
		return;
	mode = (mode_t)strtoul(rest, NULL, 8) & 07777;
	if (lines_is(lines, "d")) {
		if (mkdirat(fd, name, 0755) == 0 && *rest)
			fchmodat(fd, name, mode, 0);
	} else if (lines_is(lines, "f")) {
		write_file_at(fd, name, 0600, rest, size);
	} else if (lines_is(lines, "m")) {
		struct stat status;

		if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(status.st_mode) &&
		    (S_ISDIR(status.st_mode) || status.st_nlink == 1))
			fchmodat(fd, name, mode, 0);
	} else if (lines_is(lines, "l")) {
		symlinkat(rest, fd, name);
	} else if (lines_is(lines, "p")) {
		mkfifoat(fd, name, 0600);
	} else if (lines_is(lines, "h") && is_inside(rest) && !strchr(rest, '/')) {
		outside = open_directory_at(sandbox_fd, "outside");
		linkat(outside, rest, fd, name, 0);
	}
}

/* ---- What must hold ---- */

struct before {
	char text[4096]; /* of LINK; "": it is no symlink */
	struct stat status;
	bool is_there, is_open; /* others may write in the store */
};

static void look(struct before *before)
{
	ssize_t size = readlinkat(in_fd, "app", before->text, sizeof(before->text) - 1);

	before->text[size > 0 ? size : 0] = '\0';
	before->is_open = fstatat(in_fd, STORE, &before->status, 0) == 0 && before->status.st_mode & 022;
	before->is_there = fstatat(in_fd, "app", &before->status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Just what we would have written. */
static bool is_ours(const char *text)
{
	const char *digits = text + sizeof(STORE);
	size_t count;

	if (strncmp(text, STORE "/", sizeof(STORE)) != 0)
		return false;
	count = strspn(digits, "0123456789");
	return !digits[count] && count >= 6 && (count == 6 || *digits != '0') && strtoll(digits, NULL, 10) > 0;
}

static void must_be_as_it_was(const struct before *before)
{
	struct before now;

	look(&now);
	must(now.is_there == before->is_there && strcmp(now.text, before->text) == 0);
	must(!now.is_there || (now.status.st_ino == before->status.st_ino && now.status.st_mode == before->status.st_mode));
}

/* LINK is a symlink of ours to a real directory. The directory, open. */
static int must_be_live(void)
{
	char text[128] = "";
	struct stat generation;
	int fd;

	must(readlinkat(in_fd, "app", text, sizeof(text) - 1) > 0);
	must(is_ours(text));
	must(fstatat(in_fd, text, &generation, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(generation.st_mode));
	fd = open_lending_at(in_fd, text, O_RDONLY | O_DIRECTORY);
	must(fd >= 0);
	return fd;
}

/* What writers ask of a store, and readers cannot. */
static void must_be_only_ours(void)
{
	struct stat store;

	must(fstatat(in_fd, STORE, &store, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(store.st_mode) && !(store.st_mode & 022));
	close(must_be_live());
}

static void must_hold(int directory_fd, const char *name, const char *value)
{
	struct buffer content = { 0 };

	must(read_file_at(directory_fd, name, 4096, &content) == 0);
	must(content.size == strlen(value) && memcmp(content.bytes, value, content.size) == 0);
	buffer_clear(&content);
}

static void must_hold_what_was_filled(void)
{
	cleanup_fd int fd = must_be_live(), sub = open_directory_at(fd, "sub");
	struct tree_names names;

	must_hold(fd, "a", VALUE);
	must_hold(sub, "b", VALUE);
	must(tree_names_read(fd, true, &names) == 0 && names.count == 2);
	tree_names_clear(&names);
}

/* ---- The calls ---- */

static struct atomicdir_options options;

static int populate(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *error)
{
	(void)arg;
	return atomicdir_write(stage, "a", VALUE, strlen(VALUE), 0644, error) ||
	       atomicdir_write(stage, "sub/b", VALUE, strlen(VALUE), 0600, error);
}

static int fill(const char *rest, struct atomicdir_error *error)
{
	int result = atomicdir_fill(link_path, populate, NULL, &options, error);

	(void)rest;
	if (result < 0 || options.dry_run)
		return result;
	must_be_only_ours();
	must_hold_what_was_filled();
	return result;
}

/* What is live and a little more. */
static int edit(const char *path, struct atomicdir_error *error)
{
	struct atomicdir_stage *stage;
	const char *carried = *path ? path : ".";
	int result;

	options.carry_generations = 2;
	stage = atomicdir_begin(link_path, &options, error);
	result = stage ? atomicdir_carry(stage, carried, error) : -1;
	options.carry_generations = 0;
	if (result == 0)
		result = atomicdir_write(stage, "..edited", "x", 1, 0600, error);
	if (result == 0)
		result = atomicdir_commit(stage, NULL, error);
	atomicdir_free(stage);
	if (result >= 0 && !options.dry_run)
		must_be_only_ours();
	return result;
}

static void check_list(const struct atomicdir_generation *list, int count)
{
	int64_t above = INT64_MAX;

	for (; list; list = list->next, count--) {
		must(list->number > 0 && list->number < above);
		above = list->number;
		must(strncmp(list->path, in_path, strlen(in_path)) == 0);
		must(list->files >= -1 && list->bytes >= -1 && list->created_ms >= 0);
	}
	must(count == 0);
}

static int list(const char *rest, struct atomicdir_error *error)
{
	struct atomicdir_generation *generations = NULL;
	int count = atomicdir_list(link_path, &generations, error);

	(void)rest;
	if (count >= 0)
		check_list(generations, count);
	free(generations);
	return count;
}

static int prune(const char *rest, struct atomicdir_error *error)
{
	struct atomicdir_generation *removed = NULL;
	int count;

	options.keep = *rest ? atoi(rest) & 7 : -1;
	count = atomicdir_prune(link_path, &options, &removed, error);
	if (count >= 0)
		check_list(removed, count);
	for (const struct atomicdir_generation *one = removed; one; one = one->next)
		must(!one->is_live && (options.dry_run || access(one->path, F_OK) < 0));
	free(removed);
	options.keep = -1;
	return count;
}

static int rollback(const char *rest, struct atomicdir_error *error)
{
	struct atomicdir_generation *live = NULL;
	int result = atomicdir_rollback(link_path, *rest ? atoll(rest) : -1, &options, &live, error);

	if (result >= 0 && !options.dry_run) {
		must_be_only_ours();
		must(live && live->is_live);
	}
	free(live);
	return result;
}

static int pin(const char *rest, struct atomicdir_error *error)
{
	int64_t number = 0;
	int fd = atomicdir_pin(link_path, &number, error), live;
	struct stat pinned, named;

	(void)rest;
	if (fd < 0)
		return -1;
	live = must_be_live();
	must(number > 0 && fstat(fd, &pinned) == 0 && fstat(live, &named) == 0 && pinned.st_ino == named.st_ino);
	close(live);
	close(fd);
	return 0;
}

static int show(const char *rest, struct atomicdir_error *error)
{
	struct atomicdir_generation *live = NULL;
	int result = atomicdir_show(link_path, &live, error);

	(void)rest;
	must(result < 0 || (live && live->is_live && !live->next));
	free(live);
	return result;
}

static int adopt(const char *rest, struct atomicdir_error *error)
{
	int result = atomicdir_adopt(link_path, &options, error);
	char text[128] = "";

	(void)rest;
	if (result > 0 && !options.dry_run)
		must_be_only_ours();
	must(result < 0 || options.dry_run || readlinkat(in_fd, "app", text, sizeof(text) - 1) > 0);
	return result;
}

static int diff(const char *rest, struct atomicdir_error *error)
{
	struct atomicdir_change *changes = NULL;
	char *second;
	int64_t first = strtoll(rest, &second, 10);
	int result = atomicdir_diff(link_path, *rest ? first : -1, *second ? strtoll(second, NULL, 10) : -1, &changes, error);

	for (const struct atomicdir_change *one = changes; one; one = one->next)
		must(strchr("AMD", one->what) && (strcmp(one->path, ".") == 0 || is_inside(one->path)));
	free(changes);
	return result;
}

static int hook_done(const char *rest, struct atomicdir_error *error)
{
	return atomicdir_hook_done(link_path, atoll(rest), error);
}

static const struct {
	const char *word;
	int (*run)(const char *rest, struct atomicdir_error *error);
	bool is_writer;
} calls[] = {
	{ "fill", fill, true },	  { "edit", edit, true },
	{ "prune", prune, true }, { "rollback", rollback, true },
	{ "adopt", adopt, true }, { "list", list, false },
	{ "pin", pin, false },	  { "show", show, false },
	{ "diff", diff, false },  { "hook-done", hook_done, false },
};

static void call(const struct lines *lines)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct atomicdir_error error = { 0 };
		struct before before;
		int result;

		if (!lines_is(lines, calls[i].word))
			continue;
		look(&before);
		result = calls[i].run(lines->rest, &error);
		must(is_clean(error.text));
		if (result < 0) {
			must_be_told(&error);
		} else {
			must(error.kind == ATOMICDIR_OK && !(calls[i].is_writer && before.is_open));
			must(!before.is_there || is_ours(before.text) || calls[i].run == adopt);
		}
		if (result < 0 ? error.kind != ATOMICDIR_NOT_DURABLE : options.dry_run)
			must_be_as_it_was(&before);
	}
}

/* "set NAME": how the calls after it are made. */
static void set(const char *name)
{
	options.sync = strcmp(name, "files") == 0 ? ATOMICDIR_SYNC_FILES : options.sync;
	options.dry_run = strcmp(name, "dry") == 0;
	options.hook = strcmp(name, "hook") == 0;
	options.grace_ms = strcmp(name, "grace") == 0 ? 60000 : 0;
	options.file_mode = strcmp(name, "modes") == 0 ? 0440 : 0;
}

/* ---- One run ---- */

static size_t count_open(void)
{
	cleanup_fd int fd = open_directory_at(AT_FDCWD, "/proc/self/fd");
	struct tree_names names;
	size_t count;

	must(tree_names_read(fd, false, &names) == 0);
	count = names.count;
	tree_names_clear(&names);
	return count;
}

/* The rights of everybody are enough, and keep the machine whole where the code is wrong. */
static void become(uid_t user)
{
	static const gid_t none;

	if (getuid() != 0)
		return;
	must(seteuid(0) == 0 && setgroups(0, &none) == 0 && setegid(user) == 0 && seteuid(user) == 0);
}

static void begin(void)
{
	if (sandbox_fd < 0) {
		sandbox_fd = fuzz_directory();
		must(getuid() != 0 || fchown(sandbox_fd, NOBODY, NOBODY) == 0);
		umask(022);
	}
	become(NOBODY);
	in_fd = create_directory_at(sandbox_fd, "in", 0755);
	must(in_fd >= 0 && snprintf(in_path, sizeof(in_path), "/proc/self/fd/%d", in_fd) > 0);
	if (realpath(in_path, link_path))
		strcpy(in_path, link_path);
	snprintf(link_path, sizeof(link_path), "%s/app", in_path);
	make_outside();
	atomicdir_options_init(&options, sizeof(options));
	options.wait_ms = options.grace_ms = 0;
}

static void end(void)
{
	close_fd(&in_fd);
	must(tree_remove_at(sandbox_fd, "in", NULL) == 0 && tree_remove_at(sandbox_fd, "outside", NULL) == 0);
	become(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer before = { 0 }, after = { 0 };
	struct lines lines;
	int entries = 0, made = 0;
	bool is_call;
	size_t open;

	is_fuzzed = true;
	begin();
	open = count_open();
	lines_begin(&lines, data, size);
	while (lines_next(&lines)) {
		is_call = *lines.word && lines.word[1];
		if (is_call && !before.size)
			remember_outside(&before);
		if (lines_is(&lines, "set"))
			set(lines.rest);
		else if (is_call && made++ < CALLS_MAX)
			call(&lines);
		else if (!is_call && !before.size && entries++ < ENTRIES_MAX)
			add_entry(&lines);
	}
	if (before.size) {
		remember_outside(&after);
		must(after.size == before.size && memcmp(after.bytes, before.bytes, after.size) == 0);
	}
	must(count_open() == open);
	lines_end(&lines);
	end();
	is_fuzzed = false;
	buffer_clear(&before);
	buffer_clear(&after);
	return 0;
}
