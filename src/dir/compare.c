/* SPDX-License-Identifier: ISC */
#include "dir/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/tree.h"

#define BLOCK 65536

struct changes {
	struct atomicdir_change *items; /* their paths are on the heap */
	size_t count;
};

struct changes *changes_new(void)
{
	return calloc(1, sizeof(struct changes));
}

void changes_free(struct changes **changes)
{
	if (!*changes)
		return;
	for (size_t i = 0; i < (*changes)->count; i++)
		free_pointer(&(*changes)->items[i].path);
	free((*changes)->items);
	free(*changes);
	*changes = NULL;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct atomicdir_change *)a)->path, ((const struct atomicdir_change *)b)->path);
}

int changes_take(const struct changes *changes, struct atomicdir_change **list)
{
	size_t size = changes->count * sizeof(**list);
	struct atomicdir_change *items;
	char *text;

	*list = NULL;
	if (!changes->count)
		return 0;
	for (size_t i = 0; i < changes->count; i++)
		size += strlen(changes->items[i].path) + 1;
	items = malloc(size);
	if (!items)
		return -1;
	memcpy(items, changes->items, changes->count * sizeof(*items));
	qsort(items, changes->count, sizeof(*items), by_path);
	text = (char *)(items + changes->count);
	for (size_t i = 0; i < changes->count; i++) {
		char *packed = text;

		text = stpcpy(text, items[i].path) + 1;
		items[i].path = packed;
		items[i].next = i + 1 < changes->count ? &items[i + 1] : NULL;
	}
	*list = items;
	return (int)changes->count;
}

struct comparison {
	struct changes *changes;
	bool keep_times, is_exact, differs;
	char *blocks; /* two, for what may be secrets: wiped when they end */
};

static bool is_over(const struct comparison *comparison)
{
	return comparison->differs && !comparison->changes && !comparison->keep_times;
}

static int differs(struct comparison *comparison, const char *path, const char *name, char what)
{
	struct changes *changes = comparison->changes;
	struct atomicdir_change *more;

	comparison->differs = true;
	if (!changes)
		return 0;
	if ((changes->count & (changes->count - 1)) == 0) {
		more = reallocarray(changes->items, changes->count ? changes->count * 2 : 1, sizeof(*more));
		if (!more)
			return -1;
		changes->items = more;
	}
	more = &changes->items[changes->count];
	*more = (struct atomicdir_change){ .path = *name ? tree_path(path, name) : strdup(*path ? path : "."), .what = what };
	return more->path ? (changes->count++, 0) : -1;
}

/* 0: it counts as different. */
static int unreadable(const struct comparison *comparison)
{
	return comparison->is_exact ? -1 : 0;
}

/* An entry that only one side has, with all below it. */
static int only_one(struct comparison *comparison, int directory_fd, const char *path, const char *name, char what, int depth)
{
	cleanup_names struct tree_names names = { 0 };
	cleanup_free char *below = tree_path(path, name);
	cleanup_fd int fd = -1;
	struct tree_entry entry;

	if (!below || differs(comparison, path, name, what) < 0)
		return -1;
	if (!comparison->changes || depth > TREE_DEPTH_MAX)
		return 0;
	if (tree_look(directory_fd, name, &entry) < 0)
		return unreadable(comparison);
	if (!S_ISDIR(entry.mode))
		return 0;
	fd = open_directory_at(directory_fd, name);
	if (fd < 0 || tree_names_read(fd, false, &names) < 0)
		return unreadable(comparison);
	for (size_t i = 0; i < names.count; i++)
		if (only_one(comparison, fd, below, names.names[i], what, depth + 1) < 0)
			return -1;
	return 0;
}

/* This and what calls it: 1, they are the same; 0; -1 if that cannot be told. */
static int same_bytes(struct comparison *comparison, int a_fd, int b_fd, int64_t size)
{
	char *a = comparison->blocks, *b = comparison->blocks + BLOCK;
	int64_t at = 0;

	while (at < size) {
		ssize_t in_a = read_all(a_fd, a, BLOCK), in_b = read_all(b_fd, b, BLOCK);

		if (in_a < 0 || in_b < 0)
			return unreadable(comparison);
		if (!in_a || in_a != in_b || memcmp(a, b, (size_t)in_a) != 0)
			return 0;
		at += in_a;
	}
	return 1;
}

static int same_file(struct comparison *comparison, int a_dir, int b_dir, const char *name, const struct tree_entry *a,
		     const struct tree_entry *b)
{
	cleanup_fd int a_fd = -1, b_fd = -1;
	int is_same;

	if (a->size != b->size)
		return 0;
	if (a->device == b->device && a->inode == b->inode)
		return 1;
	if (a->size) {
		a_fd = openat(a_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		b_fd = a_fd < 0 ? -1 : open_lending_at(b_dir, name, O_RDONLY);
		is_same = b_fd < 0 ? unreadable(comparison) : same_bytes(comparison, a_fd, b_fd, a->size);
		if (is_same <= 0)
			return is_same;
	}
	/* So that ETags do not change with every deploy. A shared inode's times are not ours alone to change; failing is no harm. */
	if (comparison->keep_times && b->links == 1 &&
	    (a->modified.tv_sec != b->modified.tv_sec || a->modified.tv_nsec != b->modified.tv_nsec)) {
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, a->modified };

		utimensat(b_dir, name, times, AT_SYMLINK_NOFOLLOW);
	}
	return 1;
}

/* Not inlined: its texts would stand on the stack of what recurses. */
static __attribute__((noinline)) int same_link(const struct comparison *comparison, int a_dir, int b_dir, const char *name)
{
	char a[4097], b[4097];
	ssize_t in_a = readlinkat(a_dir, name, a, sizeof(a)), in_b = readlinkat(b_dir, name, b, sizeof(b));

	if (in_a < 0 || in_b < 0)
		return unreadable(comparison);
	return in_a == in_b && memcmp(a, b, (size_t)in_a) == 0;
}

static bool same_facts(const struct tree_entry *a, const struct tree_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

static int compare_in(struct comparison *comparison, int a_fd, int b_fd, const char *path, int depth);

static int compare_directories(struct comparison *comparison, int a_dir, int b_dir, const char *path, const char *name,
			       int depth)
{
	cleanup_fd int a_fd = open_directory_at(a_dir, name), b_fd = -1;
	cleanup_free char *below = tree_path(path, name);

	if (!below)
		return -1;
	b_fd = a_fd < 0 ? -1 : open_lending_at(b_dir, name, O_RDONLY | O_DIRECTORY);
	if (a_fd < 0 || b_fd < 0)
		return unreadable(comparison) < 0 ? -1 : differs(comparison, path, name, 'M');
	return compare_in(comparison, a_fd, b_fd, below, depth + 1);
}

static int compare_entry(struct comparison *comparison, int a_dir, int b_dir, const char *path, const char *name, int depth)
{
	struct tree_entry a, b;
	int is_same = 1;

	if (tree_look(b_dir, name, &b) < 0)
		return -1;
	if (tree_look(a_dir, name, &a) < 0)
		return unreadable(comparison) < 0 ? -1 : differs(comparison, path, name, 'M');
	if (S_ISREG(a.mode) && S_ISREG(b.mode))
		is_same = same_file(comparison, a_dir, b_dir, name, &a, &b);
	else if (S_ISLNK(a.mode) && S_ISLNK(b.mode))
		is_same = same_link(comparison, a_dir, b_dir, name);
	if (is_same < 0)
		return -1;
	if ((!is_same || !same_facts(&a, &b)) && differs(comparison, path, name, 'M') < 0)
		return -1;
	return S_ISDIR(a.mode) && S_ISDIR(b.mode) ? compare_directories(comparison, a_dir, b_dir, path, name, depth) : 0;
}

static int compare_in(struct comparison *comparison, int a_fd, int b_fd, const char *path, int depth)
{
	cleanup_names struct tree_names a = { 0 }, b = { 0 };
	size_t i = 0, k = 0;

	if (depth > TREE_DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (tree_names_read(b_fd, depth == 0, &b) < 0)
		return -1;
	if (a_fd >= 0 && tree_names_read(a_fd, depth == 0, &a) < 0)
		return unreadable(comparison) < 0 ? -1 : differs(comparison, path, "", 'M');
	while ((i < a.count || k < b.count) && !is_over(comparison)) {
		int order = i == a.count ? 1 : k == b.count ? -1 : strcmp(a.names[i], b.names[k]);
		int done;

		if (order < 0)
			done = only_one(comparison, a_fd, path, a.names[i++], 'D', depth);
		else if (order > 0)
			done = only_one(comparison, b_fd, path, b.names[k++], 'A', depth);
		else
			done = compare_entry(comparison, a_fd, b_fd, path, a.names[i++], depth), k++;
		if (done < 0)
			return -1;
	}
	return 0;
}

static void wipe_blocks(char **blocks)
{
	wiping_free(*blocks);
}

int tree_compare(int a_fd, int b_fd, struct changes *changes, unsigned how, struct atomicdir_error *error)
{
	cleanup(wipe_blocks) char *blocks = wiping_malloc((size_t)2 * BLOCK);
	struct comparison comparison = {
		.changes = changes,
		.keep_times = how & COMPARE_KEEP_TIMES && a_fd >= 0,
		.is_exact = how & COMPARE_EXACT,
		.blocks = blocks,
	};
	struct tree_entry a, b;
	int done = 0;

	if (!blocks)
		return error_errno(error, NULL, "cannot compare");
	if (a_fd >= 0) {
		struct stat top_a, top_b;

		done = fstat(a_fd, &top_a) < 0 || fstat(b_fd, &top_b) < 0 ? -1 : 0;
		if (done == 0) {
			a = (struct tree_entry){ .mode = top_a.st_mode, .uid = top_a.st_uid, .gid = top_a.st_gid };
			b = (struct tree_entry){ .mode = top_b.st_mode, .uid = top_b.st_uid, .gid = top_b.st_gid };
			if (!same_facts(&a, &b))
				done = differs(&comparison, "", "", 'M');
		}
	}
	if (done == 0 && !is_over(&comparison))
		done = compare_in(&comparison, a_fd, b_fd, "", 0);
	return done < 0 ? error_errno(error, NULL, "cannot compare with the live generation") : comparison.differs;
}
