/* SPDX-License-Identifier: ISC */
#include "dir/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/attributes.h"
#include "dir/links.h"
#include "dir/manifest.h"

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

static int changes_compare(const void *a, const void *b)
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
	qsort(items, changes->count, sizeof(*items), changes_compare);
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
	const struct compare *how;
	struct tree_path path;
	bool differs;
	bool is_cut;	      /* memory ran out: the list is not complete */
	struct buffer blocks; /* a part of each file; wiped, since they may be secrets */
	struct atomicdir_error *error;
};

static bool comparison_is_over(const struct comparison *comparison)
{
	return comparison->differs && !comparison->how->changes && !comparison->how->same_file;
}

/* What is visited is visited to its end. */
static bool comparison_ends(const struct comparison *comparison)
{
	return comparison_is_over(comparison) && !comparison->how->visit;
}

static bool comparison_is_stopped(const struct comparison *comparison)
{
	if (!comparison->how->stop || !*comparison->how->stop)
		return false;
	errno = EINTR;
	return true;
}

/* This entry, at the current path, differs. */
static int comparison_add(struct comparison *comparison, const char *path, char what)
{
	struct changes *changes = comparison->how->changes;
	struct atomicdir_change *added = NULL;

	comparison->differs = true;
	if (!changes)
		return 0;
	added = array_add(&changes->items, &changes->count, sizeof(*added));
	if (added)
		*added = (struct atomicdir_change){ .path = strdup(path && *path ? path : "."), .what = what };
	if (added && added->path)
		return 0;
	if (added)
		changes->count--; /* a change without a path must not be listed */
	comparison->is_cut = true;
	return error_system(comparison->error, errno, NULL, "cannot list what differs");
}

/* The entry at the current path cannot be read: an error if the comparison is exact, else a difference. */
static int comparison_cannot_read(struct comparison *comparison, int directory_fd, const char *name)
{
	if (comparison->how->is_exact)
		return tree_cannot_read(directory_fd, name, comparison->path.text, "cannot compare", comparison->error);
	return comparison_add(comparison, comparison->path.text, 'M');
}

/* ---- Entries that only one side has ---- */

struct only_one {
	struct comparison *comparison;
	const char *below;
	char what;
};

static int only_one_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	const struct only_one *only = arg;
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/%s", only->below, entry->path) < 0)
		return error_system(error, ENOMEM, NULL, "cannot list what differs");
	if (only->what == 'D' && only->comparison->how->only &&
	    !manifest_has(only->comparison->how->only, path, entry->facts.mode))
		return 0;
	return comparison_add(only->comparison, path, only->what);
}

/* An entry that only one side has, with all below it. */
static int compare_only_one(struct comparison *comparison, int directory_fd, const char *name, char what)
{
	struct only_one only = { comparison, comparison->path.text, what };
	struct walk walk = { .visit = only_one_visit, .arg = &only };
	cleanup_fd int fd = -1;
	struct tree_entry entry;

	if (comparison_add(comparison, comparison->path.text, what) < 0)
		return -1;
	if (!comparison->how->changes)
		return 0;
	if (tree_look(directory_fd, name, &entry) < 0)
		return comparison_cannot_read(comparison, directory_fd, name);
	if (!S_ISDIR(entry.mode))
		return 0;
	fd = open_directory_at(directory_fd, name);
	if (fd < 0)
		return comparison_cannot_read(comparison, directory_fd, name);
	return tree_walk(&walk, fd, comparison->error) < 0 && (comparison->how->is_exact || comparison->is_cut) ? -1 : 0;
}

/* ---- Entries that both sides have. Each function returns 1: the same; 0: different; -1 with errno: cannot be read ---- */

static int compare_bytes(struct comparison *comparison, int a_fd, int b_fd, int64_t size)
{
	size_t block = size < BLOCK ? (size_t)size : BLOCK;
	int64_t at = 0;
	char *a, *b;

	if (buffer_reserve(&comparison->blocks, 2 * block) < 0)
		return -1;
	a = comparison->blocks.bytes;
	b = a + block;
	while (at < size) {
		size_t wanted = size - at < (int64_t)block ? (size_t)(size - at) : block;
		ssize_t in_a = read_all(a_fd, a, wanted), in_b = read_all(b_fd, b, wanted);

		if (in_a < 0 || in_b < 0 || comparison_is_stopped(comparison))
			return -1;
		if (!in_a || in_a != in_b || memcmp(a, b, (size_t)in_a) != 0)
			return 0;
		at += in_a;
	}
	return 1;
}

static int compare_attributes(int a_fd, int b_fd)
{
	cleanup_attributes struct attributes a = { 0 }, b = { 0 };

	if (attributes_read(a_fd, &a) < 0 || attributes_read(b_fd, &b) < 0)
		return -1;
	return attributes_are_same(&a, &b);
}

static int compare_open_b(const struct comparison *comparison, int b_dir, const char *name, int flags)
{
	if (!comparison->how->expect)
		return open_lending_at(b_dir, name, flags);
	return openat(b_dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static bool compare_expects(const struct comparison *comparison, int b_dir, const char *name, struct tree_entry *b)
{
	const struct compare *how = comparison->how;

	return !how->expect || how->expect(how->arg, b_dir, name, comparison->path.text, b);
}

/* Two entries of one name. */
struct pair {
	int a_dir, b_dir;
	const char *name;
	struct tree_entry a, b;
	int a_fd; /* a regular file that was opened before it was looked at, so that no other one can have taken its place; else -1 */
};

static void pair_clear(struct pair *pair)
{
	close_fd(&pair->a_fd);
}

/* O_NONBLOCK: a file under a lease, or a FIFO that has replaced the file, counts as different; nothing is waited for. What may be one file
 * by two names need not be opened. */
static int pair_look_at_a(struct pair *pair)
{
	if (S_ISREG(pair->b.mode) && pair->b.links < 2)
		pair->a_fd = open_quietly_at(pair->a_dir, pair->name, O_NONBLOCK);
	return pair->a_fd < 0 ? tree_look(pair->a_dir, pair->name, &pair->a) : tree_look(pair->a_fd, "", &pair->a);
}

static int pair_open_a(struct pair *pair)
{
	struct tree_entry now;

	if (pair->a_fd >= 0)
		return 1;
	pair->a_fd = open_quietly_at(pair->a_dir, pair->name, O_NONBLOCK);
	if (pair->a_fd < 0)
		return errno == EWOULDBLOCK || errno == ELOOP || errno == ENXIO ? 0 : -1;
	if (tree_look(pair->a_fd, "", &now) < 0)
		return -1;
	/* Somebody may have replaced it in the older generation. */
	return S_ISREG(now.mode) && now.inode == pair->a.inode;
}

static int compare_opened(struct comparison *comparison, int a_fd, int b_fd, int64_t size)
{
	int is_same = compare_attributes(a_fd, b_fd);

	return is_same == 1 ? compare_bytes(comparison, a_fd, b_fd, size) : is_same;
}

static int compare_files(struct comparison *comparison, struct pair *pair)
{
	cleanup_fd int b_fd = -1;
	int is_same;

	if (pair->a.size != pair->b.size)
		return 0;
	if (pair->a.device == pair->b.device && pair->a.inode == pair->b.inode)
		return 1;
	is_same = pair_open_a(pair);
	if (is_same != 1)
		return is_same;
	b_fd = compare_open_b(comparison, pair->b_dir, pair->name, O_RDONLY);
	is_same = b_fd < 0 ? -1 : compare_opened(comparison, pair->a_fd, b_fd, pair->a.size);
	if (is_same == 1 && comparison->how->same_file)
		comparison->how->same_file(pair->a_dir, pair->b_dir, pair->name, &pair->a, &pair->b);
	return is_same;
}

/* Not inlined: its buffers would otherwise be on the stack at each level of the recursion. */
static __attribute__((noinline)) int compare_links(const struct comparison *comparison, const struct pair *pair, int depth)
{
	const struct compare *how = comparison->how;
	char a[PATH_MAX + 1], b[PATH_MAX + 1];
	ssize_t in_a = readlinkat(pair->a_dir, pair->name, a, PATH_MAX),
		in_b = readlinkat(pair->b_dir, pair->name, b, PATH_MAX);

	if (in_a < 0 || in_b < 0)
		return -1;
	a[in_a] = b[in_b] = '\0';
	if (strcmp(a, b) != 0 && how->place)
		links_move(how->place, a, depth + 1, how->a, how->b);
	return strcmp(a, b) == 0;
}

static bool compare_facts(const struct tree_entry *a, const struct tree_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

static int compare_content(struct comparison *comparison, int a_fd, int b_fd, int depth);

/* Whether they are the same but for what is in them, if they are directories. */
static int compare_pair(struct comparison *comparison, struct pair *pair, int depth)
{
	int is_same = 1;

	if (!comparison->how->same_file && !compare_facts(&pair->a, &pair->b))
		return 0;
	if (S_ISREG(pair->a.mode) && S_ISREG(pair->b.mode))
		is_same = compare_files(comparison, pair);
	else if (S_ISLNK(pair->a.mode) && S_ISLNK(pair->b.mode))
		is_same = compare_links(comparison, pair, depth);
	return is_same == 1 ? compare_facts(&pair->a, &pair->b) : is_same;
}

static int comparison_visit(const struct comparison *comparison, const struct pair *pair, int b_fd, int depth)
{
	const struct walk_entry found = { .directory_fd = pair->b_dir,
					  .name = pair->name,
					  .path = comparison->path.text,
					  .depth = depth + 1,
					  .facts = pair->b,
					  .fd = b_fd };

	return comparison->how->visit(comparison->how->visit_arg, &found, comparison->error);
}

/* Looks at the entry of `b`. A directory is opened, and visited after what is in it. */
static int compare_look_at_b(struct comparison *comparison, struct pair *pair, int *b_fd, int depth)
{
	const struct compare *how = comparison->how;

	if (tree_look(pair->b_dir, pair->name, &pair->b) < 0)
		return error_system(comparison->error, errno, comparison->path.text, "cannot examine");
	if (!S_ISDIR(pair->b.mode))
		return how->visit ? comparison_visit(comparison, pair, -1, depth) : 0;
	if (how->visit && pair->b.is_mount)
		return 0;
	*b_fd = compare_open_b(comparison, pair->b_dir, pair->name, O_RDONLY | O_DIRECTORY);
	if (!how->visit)
		return 0;
	if (*b_fd < 0)
		return tree_cannot_read(pair->b_dir, pair->name, comparison->path.text, "cannot open the directory",
					comparison->error);
	/* What was opened counts: the name may have passed to another directory meanwhile. */
	if (tree_look(*b_fd, "", &pair->b) < 0)
		return error_system(comparison->error, errno, comparison->path.text, "cannot examine");
	return 0;
}

/* Of two directories. *a_fd: the older one, opened to go on with what is in it. */
static int compare_directories(struct comparison *comparison, const struct pair *pair, int b_fd, bool differs, int *a_fd)
{
	cleanup_fd int fd = open_directory_at(pair->a_dir, pair->name);
	int is_same = fd < 0 || b_fd < 0 ? -1 : compare_attributes(fd, b_fd);

	if (is_same < 0)
		return comparison_cannot_read(comparison, pair->a_dir, pair->name);
	/* At most one difference is listed for a path. */
	if (!is_same && !differs && comparison_add(comparison, comparison->path.text, 'M') < 0)
		return -1;
	*a_fd = take_fd(&fd);
	return 0;
}

/* Of what both sides have, without what is in it. */
static int compare_both(struct comparison *comparison, struct pair *pair, int b_fd, int depth, int *a_fd)
{
	mode_t now = pair->b.mode;
	int is_same;

	if (pair_look_at_a(pair) < 0)
		return comparison_cannot_read(comparison, pair->a_dir, pair->name);
	if (comparison->how->visited_mode)
		pair->b.mode = comparison->how->visited_mode(comparison->how->visit_arg, &pair->b);
	is_same = compare_expects(comparison, pair->b_dir, pair->name, &pair->b) ? compare_pair(comparison, pair, depth) : 0;
	pair->b.mode = now;
	if (is_same < 0)
		return comparison_cannot_read(comparison, pair->a_dir, pair->name);
	if (!is_same && comparison_add(comparison, comparison->path.text, 'M') < 0)
		return -1;
	if (!S_ISDIR(pair->a.mode) || !S_ISDIR(now) || comparison_is_over(comparison))
		return 0;
	return compare_directories(comparison, pair, b_fd, !is_same, a_fd);
}

/* Goes on with what is in a directory. */
static int compare_below(struct comparison *comparison, const struct pair *pair, int a_fd, int b_fd, int depth)
{
	bool is_visited = comparison->how->visit;

	if (b_fd >= 0 && (a_fd >= 0 || is_visited) && compare_content(comparison, a_fd, b_fd, depth + 1) < 0)
		return -1;
	return is_visited && S_ISDIR(pair->b.mode) ? comparison_visit(comparison, pair, b_fd, depth) : 0;
}

static int compare_entries(struct comparison *comparison, int a_dir, int b_dir, const char *name, int depth)
{
	cleanup(pair_clear) struct pair pair = { .a_dir = a_dir, .b_dir = b_dir, .name = name, .a_fd = -1 };
	cleanup_fd int a_fd = -1, b_fd = -1;

	if (compare_look_at_b(comparison, &pair, &b_fd, depth) < 0 || compare_both(comparison, &pair, b_fd, depth, &a_fd) < 0)
		return -1;
	return compare_below(comparison, &pair, a_fd, b_fd, depth);
}

/* An entry of `b` that is visited and not compared. */
static int compare_visit(struct comparison *comparison, int b_dir, const char *name, int depth)
{
	struct pair pair = { .b_dir = b_dir, .name = name, .a_fd = -1 };
	cleanup_fd int b_fd = -1;

	if (compare_look_at_b(comparison, &pair, &b_fd, depth) < 0)
		return -1;
	return compare_below(comparison, &pair, -1, b_fd, depth);
}

static int compare_added(struct comparison *comparison, int b_fd, const char *name, int depth)
{
	if (comparison->how->visit && compare_visit(comparison, b_fd, name, depth) < 0)
		return -1;
	return compare_only_one(comparison, b_fd, name, 'A');
}

/* Whether this entry of the older tree, at the current path, belongs to it. */
static bool comparison_counts(const struct comparison *comparison, int a_fd, const char *name)
{
	struct tree_entry entry;

	return !comparison->how->only ||
	       (tree_look(a_fd, name, &entry) == 0 && manifest_has(comparison->how->only, comparison->path.text, entry.mode));
}

static int compare_name(struct comparison *comparison, int a_fd, int b_fd, const char *a, const char *b, int depth)
{
	size_t size = comparison->path.size;
	int done;

	if (tree_path_push(&comparison->path, a ? a : b) < 0)
		return error_system(comparison->error, errno, NULL, "cannot compare");
	if (a && !comparison_counts(comparison, a_fd, a))
		a = NULL;
	if (!b && (!a || comparison_is_over(comparison)))
		done = 0;
	else if (comparison_is_over(comparison))
		done = compare_visit(comparison, b_fd, b, depth);
	else if (!b)
		done = compare_only_one(comparison, a_fd, a, 'D');
	else if (!a)
		done = compare_added(comparison, b_fd, b, depth);
	else
		done = compare_entries(comparison, a_fd, b_fd, a, depth);
	tree_path_pop(&comparison->path, size);
	return done;
}

/* Removes the names of what is left out in the directory at the current path. */
static int compare_leave_out(struct comparison *comparison, const struct carried *without, struct tree_names *names)
{
	size_t size = comparison->path.size, kept = 0;

	if (!without || !without->count)
		return 0;
	for (size_t i = 0; i < names->count; i++) {
		if (tree_path_push(&comparison->path, names->names[i]) < 0)
			return -1;
		if (!carried_age(without, comparison->path.text))
			names->names[kept++] = names->names[i];
		tree_path_pop(&comparison->path, size);
	}
	names->count = kept;
	return 0;
}

/* Whether the first name of `b` is not in `a`, which tells that they differ without reading a large `a`. It is not told where more is asked
 * of `a` than that. */
static bool compare_lacks_name(const struct comparison *comparison, int a_fd, const struct tree_names *b)
{
	const struct compare *how = comparison->how;
	struct tree_entry entry;

	return a_fd >= 0 && b->count && !how->changes && !how->same_file && !how->b_without &&
	       tree_look(a_fd, b->names[0], &entry) < 0 && errno == ENOENT;
}

static int compare_content(struct comparison *comparison, int a_fd, int b_fd, int depth)
{
	cleanup_names struct tree_names a = { 0 }, b = { 0 };
	size_t i = 0, k = 0;

	if (comparison_ends(comparison))
		return 0;
	if (depth > TREE_DEPTH_MAX)
		return error_object(comparison->error, ATOMICDIR_FAILED, comparison->path.text,
				    "nests deeper than %d directories", TREE_DEPTH_MAX);
	if (tree_names_read(b_fd, depth == 0, &b) < 0)
		return error_system(comparison->error, errno, comparison->path.text, "cannot read the directory");
	if (compare_lacks_name(comparison, a_fd, &b))
		a_fd = -1;
	if (a_fd >= 0 && tree_names_read(a_fd, depth == 0, &a) < 0)
		return comparison_cannot_read(comparison, a_fd, "");
	if (compare_leave_out(comparison, comparison->how->a_without, &a) < 0 ||
	    compare_leave_out(comparison, comparison->how->b_without, &b) < 0)
		return error_system(comparison->error, errno, NULL, "cannot compare");
	while ((i < a.count || k < b.count) && !comparison_ends(comparison)) {
		int order = 0;

		if (comparison_is_stopped(comparison))
			return error_system(comparison->error, EINTR, comparison->path.text, "stopped comparing");
		if (i == a.count || k == b.count)
			order = i == a.count ? 1 : -1;
		else
			order = strcmp(a.names[i], b.names[k]);
		if (compare_name(comparison, a_fd, b_fd, order <= 0 ? a.names[i] : NULL, order >= 0 ? b.names[k] : NULL,
				 depth) < 0)
			return -1;
		i += order <= 0;
		k += order >= 0;
	}
	return 0;
}

static int compare_tops_of(struct comparison *comparison, int a_fd, int b_fd)
{
	struct tree_entry a, b;
	int is_same;

	if (tree_look(a_fd, "", &a) < 0 || tree_look(b_fd, "", &b) < 0)
		return error_system(comparison->error, errno, NULL, "cannot examine the directories to compare");
	is_same = compare_expects(comparison, b_fd, "", &b) && compare_facts(&a, &b) ? compare_attributes(a_fd, b_fd) : 0;
	if (is_same < 0)
		return comparison_cannot_read(comparison, a_fd, "");
	return is_same ? 0 : comparison_add(comparison, "", 'M');
}

static void comparison_clear(struct comparison *comparison)
{
	tree_path_clear(&comparison->path);
	buffer_clear(&comparison->blocks);
}

int tree_compare(const struct compare *compare, int a_fd, int b_fd, struct atomicdir_error *error)
{
	cleanup(comparison_clear) struct comparison comparison = { .how = compare, .error = error };

	if (a_fd >= 0 && !compare->only && !compare->is_content_only && compare_tops_of(&comparison, a_fd, b_fd) < 0)
		return -1;
	if (!comparison_is_over(&comparison) && compare_content(&comparison, a_fd, b_fd, 0) < 0)
		return -1;
	return comparison.differs;
}

int compare_tops(int a_fd, int b_fd, struct atomicdir_error *error)
{
	static const struct compare how = { 0 };
	struct comparison comparison = { .how = &how, .error = error };

	return compare_tops_of(&comparison, a_fd, b_fd) < 0 ? -1 : comparison.differs;
}

struct comparison *comparison_new(const struct compare *compare)
{
	struct comparison *comparison = calloc(1, sizeof(*comparison));

	if (comparison)
		comparison->how = compare;
	return comparison;
}

void comparison_free(struct comparison **comparison)
{
	if (*comparison)
		comparison_clear(*comparison);
	free_pointer(comparison);
}

int compare_leaves(struct comparison *comparison, struct leaves *leaves)
{
	cleanup(pair_clear) struct pair pair = {
		.a_dir = leaves->a_dir, .b_dir = leaves->b_dir, .name = leaves->name, .b = leaves->b, .a_fd = -1
	};

	if (pair_look_at_a(&pair) < 0)
		return -1;
	leaves->a = pair.a;
	return compare_expects(comparison, pair.b_dir, pair.name, &pair.b) ? compare_pair(comparison, &pair, 0) : 0;
}
