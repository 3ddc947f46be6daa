/* SPDX-License-Identifier: ISC
 *
 * Random trees, each published in three ways: by the library's calls, by files that the caller writes into the stage's directory, and as a
 * copy. Before each the live generation may have been changed by somebody else. What is published, whether anything is, and what older
 * generations hold must follow from what was written and what was live, whatever way it took. RANDOM_SEED=N repeats a run, RANDOM_ROUNDS=N
 * makes it longer.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define NODES 24
#define ENTRIES (NODES * 3)
#define LARGE 600000 /* two of these are more than the library keeps in memory */
#define GENERATIONS 4096
#define KEPT 2
#define SOMEBODY 12345
#define FAILURES_SHOWN 4

static uint64_t random_state;

static unsigned draw(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

static bool one_in(unsigned odds)
{
	return draw(odds) == 0;
}

/* ---- Trees ---- */

enum kind { DIRECTORY, FILE_OF_BYTES, LINK };

struct node {
	char path[24];
	enum kind kind;
	mode_t mode;
	unsigned seed, size; /* of a file's bytes */
	char text[16];
};

/* Sorted by path, so that a directory comes before what is in it. */
struct tree {
	struct node nodes[NODES];
	int count;
};

static const char *bytes_of(const struct node *node)
{
	static char bytes[LARGE];

	for (unsigned i = 0; i < node->size; i++)
		bytes[i] = (char)(node->seed * 31 + i % 251);
	return bytes;
}

static int depth_of(const char *path)
{
	int depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static bool is_below(const char *path, const char *directory)
{
	size_t size = strlen(directory);

	return strncmp(path, directory, size) == 0 && path[size] == '/';
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->path, ((const struct node *)b)->path);
}

static const struct node *find_node(const struct tree *tree, const char *path)
{
	for (int i = 0; i < tree->count; i++)
		if (strcmp(tree->nodes[i].path, path) == 0)
			return &tree->nodes[i];
	return NULL;
}

static void draw_mode(struct node *node)
{
	static const mode_t files[] = { 0644, 0600, 0444, 0400, 0755, 0640 };
	static const mode_t directories[] = { 0755, 0755, 0700, 0500, 0555, 0750, 01777, 02755 };

	node->mode = node->kind == FILE_OF_BYTES ? files[draw(6)] : node->kind == DIRECTORY ? directories[draw(8)] : 0777;
}

static void draw_bytes(struct node *node)
{
	static const unsigned sizes[] = { 0, 1, 9, 10, 4096, 70000 };

	node->seed = draw(200);
	node->size = one_in(12) ? LARGE : sizes[draw(6)];
}

static void draw_text(struct node *node)
{
	static const char *const texts[] = { "z", "nowhere", "./y", "/etc/hostname", "x/y" };

	snprintf(node->text, sizeof(node->text), "%s", texts[draw(5)]);
}

static void add_node(struct tree *tree)
{
	const struct node *parent = tree->count && !one_in(3) ? &tree->nodes[draw((unsigned)tree->count)] : NULL;
	struct node node = { .kind = (enum kind)(draw(8) < 3 ? DIRECTORY : draw(5) == 0 ? LINK : FILE_OF_BYTES) };

	if (tree->count == NODES || (parent && (parent->kind != DIRECTORY || depth_of(parent->path) > 2)))
		return;
	snprintf(node.path, sizeof(node.path), "%.16s%s%c", parent ? parent->path : "", parent ? "/" : "", 'a' + draw(6));
	if (find_node(tree, node.path))
		return;
	draw_mode(&node);
	draw_bytes(&node);
	draw_text(&node);
	tree->nodes[tree->count++] = node;
	qsort(tree->nodes, (size_t)tree->count, sizeof(*tree->nodes), compare_nodes);
}

/* With all below it. */
static void remove_node(struct tree *tree, int at)
{
	struct node removed = tree->nodes[at];
	int kept = 0;

	for (int i = 0; i < tree->count; i++)
		if (i != at && !is_below(tree->nodes[i].path, removed.path))
			tree->nodes[kept++] = tree->nodes[i];
	tree->count = kept;
}

/* Another kind of entry of the same name. */
static void turn_node(struct tree *tree, int at)
{
	struct node turned = tree->nodes[at];

	remove_node(tree, at);
	turned.kind = (enum kind)((turned.kind + 1 + draw(2)) % 3);
	draw_mode(&turned);
	tree->nodes[tree->count++] = turned;
	qsort(tree->nodes, (size_t)tree->count, sizeof(*tree->nodes), compare_nodes);
}

static void change_tree(struct tree *tree)
{
	int at = tree->count ? (int)draw((unsigned)tree->count) : 0;
	struct node *node = &tree->nodes[at];

	switch (tree->count ? draw(8) : 0) {
	case 1:
		draw_mode(node);
		break;
	case 2:
		draw_bytes(node);
		break;
	case 3:
		node->seed++;
		break;
	case 4:
		draw_text(node);
		break;
	case 5:
		remove_node(tree, at);
		break;
	case 6:
		turn_node(tree, at);
		break;
	default:
		for (int i = tree->count < NODES / 2 ? 0 : 4; i < 5; i++)
			add_node(tree);
	}
}

/* ---- What is on the disk, and what should be ---- */

struct found {
	char path[24];
	enum kind kind;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size, hash;
	struct timespec modified; /* from here on of the disk alone */
	ino_t inode;
	nlink_t links;
};

struct listing {
	struct found all[ENTRIES];
	int count;
};

static uint64_t hash_of(const char *bytes, size_t size)
{
	uint64_t hash = 14695981039346656037U;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211U;
	return hash;
}

static uint64_t hash_of_file(const char *path, size_t size)
{
	static char bytes[LARGE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	close(fd);
	return got == (ssize_t)size ? hash_of(bytes, size) : 0;
}

static struct found found_of(const FTSENT *entry, size_t top_size)
{
	const struct stat *status = entry->fts_statp;
	struct found found = { .mode = status->st_mode & 07777, .uid = status->st_uid, .gid = status->st_gid };
	char text[64];
	ssize_t size;

	snprintf(found.path, sizeof(found.path), "%s", entry->fts_pathlen > top_size ? entry->fts_path + top_size + 1 : "");
	if (S_ISDIR(status->st_mode))
		return found;
	found.inode = status->st_ino;
	found.links = status->st_nlink;
	found.modified = status->st_mtim;
	found.size = (uint64_t)status->st_size;
	if (S_ISREG(status->st_mode)) {
		found.kind = FILE_OF_BYTES;
		found.hash = hash_of_file(entry->fts_path, (size_t)found.size);
		return found;
	}
	found.kind = LINK;
	size = readlink(entry->fts_path, text, sizeof(text));
	found.hash = hash_of(text, size > 0 ? (size_t)size : 0);
	return found;
}

static int compare_entries(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Nothing where there is no such directory. */
static void list_disk(struct listing *listing, char *path)
{
	char *const paths[] = { path, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, compare_entries);
	FTSENT *entry;

	*listing = (struct listing){ .count = 0 };
	while (walk && (entry = fts_read(walk)) && listing->count < ENTRIES)
		if (entry->fts_info == FTS_D || entry->fts_info == FTS_F || entry->fts_info == FTS_SL ||
		    entry->fts_info == FTS_SLNONE)
			listing->all[listing->count++] = found_of(entry, strlen(path));
	if (walk)
		fts_close(walk);
}

static const struct found *find_found(const struct listing *listing, const char *path)
{
	for (int i = 0; i < listing->count; i++)
		if (strcmp(listing->all[i].path, path) == 0)
			return &listing->all[i];
	return NULL;
}

static bool found_is_same(const struct found *a, const struct found *b)
{
	return strcmp(a->path, b->path) == 0 && a->kind == b->kind && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid && a->size == b->size && a->hash == b->hash;
}

static bool listing_is_same(const struct listing *a, const struct listing *b)
{
	for (int i = 0; i < a->count && i < b->count; i++)
		if (!found_is_same(&a->all[i], &b->all[i]))
			return false;
	return a->count == b->count;
}

static void show_listing(const char *what, const struct listing *listing)
{
	for (int i = 0; i < listing->count; i++) {
		const struct found *found = &listing->all[i];

		printf("# %s: '%s' %d %04o %u:%u %llu %016llx\n", what, found->path, found->kind, found->mode, found->uid,
		       found->gid, (unsigned long long)found->size, (unsigned long long)found->hash);
	}
}

/* ---- Where and how it is published ---- */

struct world {
	const char *name;
	uid_t uid; /* of all that is published, and of the directory that it is in */
	gid_t gid;
	mode_t setgid;		   /* of that directory */
	bool needs_root, is_users; /* who publishes is root; or that user */
};
static const struct world worlds[] = {
	{ "in a directory of one's own", 0, 0, 0, false, false },
	{ "in a directory with a group of its own", 0, SOMEBODY, S_ISGID, true, false },
	{ "by root in another user's directory", SOMEBODY, SOMEBODY, 0, true, false },
	{ "by an ordinary user", SOMEBODY, SOMEBODY, 0, true, true },
};

enum way { BY_CALLS, BY_OWN_WRITES, BY_COPY, WAYS };
static const char *const links[WAYS] = { "calls", "own", "copy" };

enum claim { OUTCOME, CONTENT, OLDER, TIMES, LINKED, CLAIMS };
static const char *const claims[CLAIMS] = {
	"it is published where something differs, and else unchanged",
	"what is published is what was written",
	"older generations keep every byte, mode and time",
	"with keep_times a file with the same bytes keeps its time",
	"with link_unchanged a file that is the same is a link",
};

struct trial {
	struct world world;
	struct atomicdir_options options;
	struct tree tree;
	struct listing before;
	struct listing *kept[WAYS][GENERATIONS]; /* as they were first seen, or as somebody else changed them */
	int seed, round;
	bool is_disturbed; /* somebody changed the live generation while it was compared */
	int failed[CLAIMS];
};

static void fail(struct trial *trial, enum claim claim, enum way way, const char *what)
{
	if (trial->failed[claim]++ < FAILURES_SHOWN)
		printf("# seed %d, round %d, '%s': %s (links %d, times %d, modes %o %o %o)\n", trial->seed, trial->round,
		       links[way], what, trial->options.link_unchanged, trial->options.keep_times, trial->options.file_mode,
		       trial->options.dir_mode, trial->options.top_mode);
}

/* A new directory gets the setgid bit of the one that it is made in. */
static mode_t inherited_setgid(const struct world *world, const struct tree *tree, const char *path)
{
	mode_t setgid = world->setgid;

	for (int i = 0; i < tree->count; i++)
		if (tree->nodes[i].kind == DIRECTORY && is_below(path, tree->nodes[i].path))
			setgid |= tree->nodes[i].mode & S_ISGID;
	return setgid;
}

/* What LINK should hold. */
static void list_wanted(const struct trial *trial, struct listing *listing)
{
	const struct atomicdir_options *options = &trial->options;
	const struct world *world = &trial->world;
	mode_t top = options->top_mode ? options->top_mode : options->dir_mode ? options->dir_mode : 0755;

	*listing = (struct listing){ .count = 1 };
	listing->all[0] = (struct found){ .mode = top | world->setgid, .uid = world->uid, .gid = world->gid };
	for (int i = 0; i < trial->tree.count; i++) {
		const struct node *node = &trial->tree.nodes[i];
		struct found *found = &listing->all[listing->count++];

		*found = (struct found){ .kind = node->kind, .mode = node->mode, .uid = world->uid, .gid = world->gid };
		snprintf(found->path, sizeof(found->path), "%s", node->path);
		if (node->kind == DIRECTORY)
			found->mode = (options->dir_mode ? options->dir_mode | (node->mode & S_ISGID) : node->mode) |
				      inherited_setgid(world, &trial->tree, node->path);
		if (node->kind == FILE_OF_BYTES) {
			found->mode = options->file_mode ? options->file_mode : node->mode;
			found->size = node->size;
			found->hash = hash_of(bytes_of(node), node->size);
		}
		if (node->kind == LINK) {
			found->size = strlen(node->text);
			found->hash = hash_of(node->text, found->size);
		}
	}
}

/* Makes an entry as a program would; a directory gets its mode later. */
static bool make_node(const struct world *world, int top_fd, const struct node *node)
{
	bool is_made;
	int fd;

	if (node->kind == DIRECTORY)
		is_made = mkdirat(top_fd, node->path, 0700) == 0;
	else if (node->kind == LINK)
		is_made = symlinkat(node->text, top_fd, node->path) == 0;
	else {
		fd = openat(top_fd, node->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		is_made = fd >= 0 && write(fd, bytes_of(node), node->size) == (ssize_t)node->size &&
			  fchmod(fd, node->mode) == 0 && close(fd) == 0;
	}
	return is_made && (geteuid() != 0 || fchownat(top_fd, node->path, world->uid, world->gid, AT_SYMLINK_NOFOLLOW) == 0);
}

static bool make_tree(const struct trial *trial, int top_fd)
{
	const struct tree *tree = &trial->tree;
	bool is_made = true;

	for (int i = 0; i < tree->count; i++)
		is_made = is_made && make_node(&trial->world, top_fd, &tree->nodes[i]);
	for (int i = tree->count - 1; i >= 0; i--)
		if (tree->nodes[i].kind == DIRECTORY)
			is_made = is_made &&
				  fchmodat(top_fd, tree->nodes[i].path,
					   tree->nodes[i].mode | inherited_setgid(&trial->world, tree, tree->nodes[i].path),
					   0) == 0;
	return is_made;
}

/* ---- The three ways ---- */

static bool is_ready(const struct tree *tree, const bool *is_done, int at)
{
	for (int i = 0; i < tree->count; i++)
		if (!is_done[i] && is_below(tree->nodes[at].path, tree->nodes[i].path))
			return false;
	return !is_done[at];
}

static int draw_ready(const struct tree *tree, const bool *is_done)
{
	int at = (int)draw((unsigned)tree->count);

	while (!is_ready(tree, is_done, at))
		at = (at + 1) % tree->count;
	return at;
}

static bool put_node(struct atomicdir_stage *stage, const struct node *node, struct atomicdir_error *error)
{
	if (node->kind == DIRECTORY)
		return atomicdir_mkdir(stage, node->path, node->mode, error) == 0;
	if (node->kind == LINK)
		return atomicdir_symlink(stage, node->path, node->text, error) == 0;
	return atomicdir_write(stage, node->path, bytes_of(node), node->size, node->mode, error) == 0;
}

/* A byte of a live file, whose times stay: but the time of change, which nobody can set. */
static bool change_byte(int top_fd, const char *path)
{
	struct timespec times[2];
	struct stat status;
	char byte;
	int fd = openat(top_fd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool is_changed = fd >= 0 && fstat(fd, &status) == 0 && pread(fd, &byte, 1, 0) == 1;

	byte = (char)(byte + 1);
	is_changed = is_changed && pwrite(fd, &byte, 1, 0) == 1;
	times[0] = status.st_atim;
	times[1] = status.st_mtim;
	is_changed = is_changed && futimens(fd, times) == 0;
	close(fd);
	return is_changed;
}

static void forget_kept(struct trial *trial, enum way way)
{
	for (int i = 0; i < GENERATIONS; i++) {
		free(trial->kept[way][i]);
		trial->kept[way][i] = NULL;
	}
}

/* Whether the stage has a link to the live file of that path. */
static bool is_linked(const struct trial *trial, int live_fd, const char *path)
{
	const struct found *before = find_found(&trial->before, path);
	struct stat status;

	return !before || fstatat(live_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_nlink != before->links;
}

/* Somebody changes a live file that an entry was compared with. Where it has a link already that changes with it, as documented. */
static void disturb(struct trial *trial, const struct node *node)
{
	int fd;

	if (trial->is_disturbed || node->kind != FILE_OF_BYTES)
		return;
	fd = open(links[BY_CALLS], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	trial->is_disturbed = fd >= 0 && !is_linked(trial, fd, node->path) && change_byte(fd, node->path);
	close(fd);
	if (trial->is_disturbed)
		forget_kept(trial, BY_CALLS);
}

static bool fill_by_calls(struct trial *trial, struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct tree *tree = &trial->tree;
	bool is_done[NODES] = { false }, has_fd = false, is_put = true;

	for (int i = 0; i < tree->count && is_put; i++) {
		int at = draw_ready(tree, is_done);
		const struct node *node = &tree->nodes[at];

		has_fd = has_fd || one_in(50);
		if (has_fd && node->kind != DIRECTORY && one_in(2))
			is_put = make_node(&trial->world, atomicdir_fd(stage), node);
		else
			is_put = put_node(stage, node, error);
		is_done[at] = true;
		if (one_in(40))
			is_put = is_put && !put_node(stage, node, error) && error->errnum == EEXIST;
		if (one_in(30))
			disturb(trial, node);
	}
	return is_put;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)at;
	return type == FTW_D ? chmod(path, 0700) : type == FTW_DP ? rmdir(path) : unlink(path);
}

/* Directories first get the rights to be emptied. */
static bool remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_PHYS);
	return nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0 || errno == ENOENT;
}

static bool fill_by_copy(struct trial *trial, struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	int fd, is_same;

	if (!remove_tree("from") || mkdir("from", 0755) < 0 || chown("from", trial->world.uid, trial->world.gid) < 0 ||
	    chmod("from", 0755 | trial->world.setgid) < 0)
		return false;
	fd = open("from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !make_tree(trial, fd) || close(fd) < 0)
		return false;
	is_same = atomicdir_matches(stage, "from", error);
	return is_same == 1 || (is_same == 0 && atomicdir_copy(stage, ".", "from", error) == 0);
}

static bool fill_stage(struct trial *trial, enum way way, struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	if (way == BY_CALLS)
		return fill_by_calls(trial, stage, error);
	return way == BY_COPY ? fill_by_copy(trial, stage, error) : make_tree(trial, atomicdir_fd(stage));
}

/* 1: published; 0: unchanged; -1: an error. */
static int publish(struct trial *trial, enum way way, struct atomicdir_error *error)
{
	struct atomicdir_stage *stage = atomicdir_begin(links[way], &trial->options, error);
	int result = -1;

	trial->is_disturbed = false;
	if (stage && fill_stage(trial, way, stage, error))
		result = atomicdir_commit(stage, NULL, error);
	atomicdir_free(stage);
	return result;
}

/* ---- What must hold afterwards ---- */

static void check_content(struct trial *trial, enum way way, const struct listing *now)
{
	struct listing wanted;

	list_wanted(trial, &wanted);
	if (listing_is_same(now, &wanted))
		return;
	fail(trial, CONTENT, way, "another tree is live than was written");
	if (trial->failed[CONTENT] == 1) {
		show_listing("got   ", now);
		show_listing("wanted", &wanted);
	}
}

static bool times_are_same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static void check_files(struct trial *trial, enum way way, const struct listing *now)
{
	for (int i = 0; i < now->count; i++) {
		const struct found *found = &now->all[i], *before = find_found(&trial->before, found->path);

		if (found->kind != FILE_OF_BYTES || !before || before->kind != found->kind || before->size != found->size ||
		    before->hash != found->hash || trial->is_disturbed)
			continue;
		if (trial->options.keep_times && !times_are_same(before->modified, found->modified))
			fail(trial, TIMES, way, found->path);
		if (trial->options.link_unchanged && found_is_same(before, found) && before->inode != found->inode)
			fail(trial, LINKED, way, found->path);
	}
}

static bool is_kept_as_it_was(const struct listing *kept, const struct listing *now)
{
	if (!listing_is_same(kept, now))
		return false;
	for (int i = 0; i < now->count; i++)
		if (!times_are_same(kept->all[i].modified, now->all[i].modified))
			return false;
	return true;
}

static int live_number(enum way way)
{
	char text[256] = "";

	return readlink(links[way], text, sizeof(text) - 1) > 0 ? atoi(strrchr(text, '/') + 1) : 0;
}

static void check_older(struct trial *trial, enum way way)
{
	int live = live_number(way);

	for (int number = live > KEPT * 2 ? live - KEPT * 2 : 1; number <= live && number < GENERATIONS; number++) {
		struct listing **kept = &trial->kept[way][number];
		struct listing now;
		char path[64];

		snprintf(path, sizeof(path), ".%s.atomicdir/%06d", links[way], number);
		if (access(path, F_OK) < 0)
			continue;
		list_disk(&now, path);
		if (*kept && !is_kept_as_it_was(*kept, &now))
			fail(trial, OLDER, way, path);
		if (!*kept)
			*kept = malloc(sizeof(now));
		if (*kept)
			**kept = now;
	}
}

static int publish_again(struct trial *trial, enum way way, struct atomicdir_error *error)
{
	if (!strstr(error->text, "was changed in the live generation"))
		return -1;
	list_disk(&trial->before, (char *)(uintptr_t)links[way]);
	return publish(trial, way, error);
}

static void publish_and_check(struct trial *trial, enum way way)
{
	struct listing wanted, now;
	struct atomicdir_error error;
	int result, expected;

	list_disk(&trial->before, (char *)(uintptr_t)links[way]);
	list_wanted(trial, &wanted);
	expected = !listing_is_same(&trial->before, &wanted);
	result = publish(trial, way, &error);
	if (result < 0 && trial->is_disturbed) {
		expected = 1;
		result = publish_again(trial, way, &error);
	}
	if (result < 0)
		fail(trial, OUTCOME, way, error.text);
	else if (result != expected && !trial->is_disturbed)
		fail(trial, OUTCOME, way, result ? "it was published" : "it was unchanged");
	list_disk(&now, (char *)(uintptr_t)links[way]);
	check_content(trial, way, &now);
	if (result > 0)
		check_files(trial, way, &now);
	check_older(trial, way);
}

/* ---- Somebody who changes what is live, the same in all ways ---- */

static bool change_live(int top_fd, const struct node *node, unsigned how)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/more", node->path);
	if (node->kind == FILE_OF_BYTES)
		return how % 2 ? change_byte(top_fd, node->path) : fchmodat(top_fd, node->path, 0604, 0) == 0;
	if (node->kind == LINK)
		return unlinkat(top_fd, node->path, 0) == 0;
	if (how % 3 == 0)
		return fchmodat(top_fd, node->path, 0711, 0) == 0;
	if (how % 3 == 1)
		return unlinkat(top_fd, node->path, AT_REMOVEDIR) == 0;
	return mkdirat(top_fd, path, 0755) == 0;
}

static void change_what_is_live(struct trial *trial)
{
	const struct node *node = trial->tree.count ? &trial->tree.nodes[draw((unsigned)trial->tree.count)] : NULL;
	unsigned how = draw(6);

	for (int way = 0; node && way < WAYS; way++) {
		int fd = open(links[way], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			change_live(fd, node, how);
		close(fd);
		forget_kept(trial, (enum way)way);
	}
}

/* ---- Rounds ---- */

static void draw_options(struct atomicdir_options *options)
{
	*options = (struct atomicdir_options)ATOMICDIR_OPTIONS_INIT;
	options->sync = ATOMICDIR_SYNC_NONE;
	options->keep = KEPT;
	options->grace_ms = 0;
	options->link_unchanged = one_in(2);
	options->keep_times = one_in(2);
	options->file_mode = one_in(8) ? 0640 : 0;
	options->dir_mode = one_in(10) ? 0750 : 0;
	options->top_mode = one_in(10) ? 0711 : 0;
}

static void run_round(struct trial *trial)
{
	const struct timespec tick = { 0, 5000000 };

	if (!one_in(3))
		for (unsigned i = 0, count = draw(5); i <= count; i++)
			change_tree(&trial->tree);
	if (one_in(4))
		draw_options(&trial->options);
	if (one_in(4))
		change_what_is_live(trial);
	/* What was changed just now is in doubt. */
	if (!one_in(4))
		nanosleep(&tick, NULL);
	for (int way = 0; way < WAYS; way++)
		publish_and_check(trial, (enum way)way);
}

/* The exit status has a bit for each claim that does not hold. */
static int run_rounds(const struct world *world, int seed, int rounds)
{
	struct trial *trial = calloc(1, sizeof(*trial));
	int failed = 0;

	if (!trial)
		return 255;
	random_state = 88172645463325252U + (uint64_t)seed * 7919;
	trial->world = *world;
	trial->seed = seed;
	draw_options(&trial->options);
	for (int i = 0; i < 12; i++)
		add_node(&trial->tree);
	for (trial->round = 1; trial->round <= rounds; trial->round++)
		run_round(trial);
	for (int way = 0; way < WAYS; way++)
		forget_kept(trial, (enum way)way);
	for (int claim = 0; claim < CLAIMS; claim++)
		failed |= trial->failed[claim] ? 1 << claim : 0;
	free(trial);
	return failed;
}

static bool become(const struct world *world)
{
	return setregid(world->gid, world->gid) == 0 && setreuid(world->uid, world->uid) == 0;
}

static int put_first(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *error)
{
	(void)arg;
	return atomicdir_write(stage, "first", "1", 1, 0600, error);
}

/* What root publishes in a user's store is that user's. */
static bool make_users_stores(const struct world *world)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
		bool is_made = become(world);

		options.sync = ATOMICDIR_SYNC_NONE;
		for (int way = 0; way < WAYS; way++)
			is_made = is_made && atomicdir_fill(links[way], put_first, NULL, &options, NULL) == 1;
		_exit(is_made ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

static int run_world(struct world world, int seed, int rounds)
{
	umask(022);
	if (!world.needs_root) {
		world.uid = geteuid();
		world.gid = getegid();
	}
	if (mkdir("world", 0755) < 0 || chown("world", world.uid, world.gid) < 0 || chmod("world", 0755 | world.setgid) < 0 ||
	    chdir("world") < 0)
		return 255;
	if (world.needs_root && world.uid && !(world.is_users ? become(&world) : make_users_stores(&world)))
		return 255;
	return run_rounds(&world, seed, rounds);
}

static void test_world(const struct world *world, int seed, int rounds)
{
	int status = 255 << 8;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		status = run_world(*world, seed, rounds);
		fflush(stdout);
		_exit(status);
	}
	waitpid(child, &status, 0);
	for (int claim = 0; claim < CLAIMS; claim++) {
		char text[256];

		snprintf(text, sizeof(text), "%s: %s", world->name, claims[claim]);
		ok(WIFEXITED(status) && !(WEXITSTATUS(status) & (1 << claim)), text);
	}
	if (!remove_tree("world"))
		printf("# the directory cannot be removed\n");
}

static int setting(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text && *text ? atoi(text) : otherwise;
}

int main(void)
{
	/* What is in memory has no disk to wait for. */
	char directory[64];
	int seed = setting("RANDOM_SEED", 1), rounds = setting("RANDOM_ROUNDS", 60);

	snprintf(directory, sizeof(directory), "%s/random_test.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(directory) || chmod(directory, 0755) < 0 || chdir(directory) < 0)
		return 2;
	for (size_t i = 0; i < sizeof(worlds) / sizeof(*worlds); i++) {
		if (worlds[i].needs_root && geteuid() != 0)
			skip(worlds[i].name, "needs root");
		else
			test_world(&worlds[i], seed + (int)i, rounds);
	}
	if (chdir("/") < 0 || rmdir(directory) < 0)
		return 2;
	return done();
}
