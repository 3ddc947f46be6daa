/* SPDX-License-Identifier: ISC */
#include "dir/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/attributes.h"
#include "base/broken.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/libc.h"
#include "dir/copy.h"
#include "dir/layout.h"
#include "dir/links.h"
#include "dir/top.h"
#include "dir/tree.h"

#define BLOCK 32768
#define FIRST_SLOTS 64

struct held_entry {
	char *path;
	void *bytes; /* NULL: those of the live file are not kept */
	size_t size;
	/* The live entry's; not of a directory, which is looked at in the end alone. */
	ino_t inode;
	nlink_t links;
	struct timespec modified, changed;
	mode_t mode;
	enum entry_kind kind;
	bool is_recent; /* the live file was changed just now, and may change again without a trace: its bytes are compared once more */
};

/* ---- The list ---- */

static uint32_t held_hash(const char *path, size_t size)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)path[i]) * 16777619U;
	return hash;
}

/* The slot of this path, or the free one that it would get. */
static uint32_t *held_slot(const struct held *held, const char *path, size_t size)
{
	size_t at = held_hash(path, size) & (held->slot_count - 1);

	for (;; at = (at + 1) & (held->slot_count - 1)) {
		uint32_t *slot = &held->slots[at];
		const char *other = *slot ? held->items[*slot - 1].path : NULL;

		if (!other || (strncmp(other, path, size) == 0 && !other[size]))
			return slot;
	}
}

static struct held_entry *held_find(const struct held *held, const char *path, size_t size)
{
	const uint32_t *slot = held->slots ? held_slot(held, path, size) : NULL;

	return slot && *slot ? &held->items[*slot - 1] : NULL;
}

/* Half of the slots stay free. */
static int held_reserve(struct held *held)
{
	size_t wanted = held->slot_count ? held->slot_count * 2 : FIRST_SLOTS;
	uint32_t *slots;

	if (held->count * 2 < held->slot_count)
		return 0;
	slots = calloc(wanted, sizeof(*slots));
	if (!slots)
		return -1;
	free(held->slots);
	held->slots = slots;
	held->slot_count = wanted;
	for (size_t i = 0; i < held->count; i++)
		*held_slot(held, held->items[i].path, strlen(held->items[i].path)) = (uint32_t)i + 1;
	return 0;
}

/* NULL: no memory. */
static struct held_entry *held_append(struct held *held, const char *path, size_t size, enum entry_kind kind, mode_t mode)
{
	cleanup_free char *copy = strndup(path, size);
	struct held_entry *added =
		copy && held_reserve(held) == 0 ? array_add(&held->items, &held->count, sizeof(*added)) : NULL;

	if (!added)
		return NULL;
	*held_slot(held, path, size) = (uint32_t)held->count;
	*added = (struct held_entry){ .path = take_pointer(&copy), .kind = kind, .mode = mode };
	return added;
}

void held_get(const struct held *held, size_t index, struct entry *entry)
{
	const struct held_entry *one = &held->items[index];

	*entry = (struct entry){ one->kind, one->path, one->mode, one->bytes, one->size };
}

static void held_leave_recent(struct held *held)
{
	free_pointer(&held->recent_path);
	close_fd(&held->recent_fd);
}

void held_forget(struct held *held)
{
	for (size_t i = 0; i < held->count; i++) {
		free(held->items[i].path);
		wiping_free(held->items[i].bytes);
	}
	free_pointer(&held->items);
	free_pointer(&held->slots);
	held->count = held->slot_count = held->kept = 0;
}

void held_clear(struct held *held)
{
	held_forget(held);
	held_leave_recent(held);
	buffer_clear(&held->block);
	*held = HELD_INIT;
}

/* ---- What sealing gives to an entry ---- */

static mode_t held_wanted_mode(const struct held *held, enum entry_kind kind, mode_t mode)
{
	const struct atomicdir_options *options = &held->writer->options;

	if (kind == ENTRY_LINK)
		return S_IFLNK | 0777;
	if (kind == ENTRY_FILE)
		return S_IFREG | (options->file_mode ? options->file_mode : mode & 07777);
	return S_IFDIR | (options->dir_mode ? options->dir_mode | (mode & S_ISGID) : mode & 07777) | held->setgid;
}

static mode_t held_wanted_top_mode(const struct held *held)
{
	const struct atomicdir_options *options = &held->writer->options;
	mode_t stated = options->top_mode ? options->top_mode : options->dir_mode;
	mode_t otherwise = options->top_mode_default ? options->top_mode_default : TOP_MODE;

	return S_IFDIR | (stated ? stated : otherwise) | held->setgid;
}

static bool held_has_facts(const struct held *held, const struct tree_entry *facts, mode_t mode)
{
	return facts->mode == mode && facts->uid == held->uid && facts->gid == held->gid && !facts->is_mount &&
	       facts->mount == held->mount;
}

/* New entries have none. */
static bool held_has_no_attributes(int fd)
{
	cleanup_attributes struct attributes attributes = { 0 };

	return attributes_read(fd, &attributes) == 0 && !attributes.count;
}

/* What a new entry in the store gets is its owner and group, whether the kernel gives it those of the process or of the directory;
 * what it gets where these differ depends on how the file system is mounted. */
static bool held_knows_group(const struct stat *store)
{
	if (store->st_mode & S_ISGID || (geteuid() == 0 && store->st_uid != 0))
		return true;
	return store->st_gid == getegid();
}

/* The owner that the options state, which an ordinary user may not set at will. */
static bool held_choose_owner(struct held *held, const struct stat *store)
{
	const struct atomicdir_options *options = &held->writer->options;

	held->uid = options->uid == (uid_t)-1 ? store->st_uid : options->uid;
	held->gid = options->gid == (gid_t)-1 ? store->st_gid : options->gid;
	if (geteuid() == 0)
		return true;
	return held->uid == store->st_uid && (held->gid == store->st_gid || group_member(held->gid));
}

bool held_begin(struct held *held, const struct writer *writer)
{
	const struct place *place = &writer->place;
	struct tree_entry live;
	struct stat store;

	*held = HELD_INIT;
	held->writer = writer;
	held->self = geteuid();
	if (writer->live.fd >= 0 && writer->last_swap == OUTCOME_PUBLISHED && !place->layout->moves_entries &&
	    !writer->options.carry_generations && fgetxattr(place->parent_fd, ATTRIBUTE_DEFAULT_ACL, NULL, 0) < 0 &&
	    (errno == ENODATA || errno == EOPNOTSUPP) && fstat(place->store_fd, &store) == 0 && held_knows_group(&store) &&
	    held_choose_owner(held, &store) && tree_look(writer->live.fd, "", &live) == 0) {
		held->store_gid = store.st_gid;
		held->setgid = store.st_mode & S_ISGID;
		held->mount = live.mount;
		held->can_look = true;
	}
	if (held->can_look)
		return true;
	held_clear(held);
	return false;
}

/* ---- The live generation's directories ---- */

static bool held_is_ours(const struct held *held, const struct tree_entry *facts)
{
	return facts->uid == held->self && !(facts->mode & (S_IWGRP | S_IWOTH));
}

static bool held_top_is_ours(const struct held *held)
{
	struct tree_entry facts;

	return tree_look(held->writer->live.fd, "", &facts) == 0 && held_is_ours(held, &facts);
}

/* Opens the live directory `path`. The text of `path` is changed. */
static int held_open_directory(const struct held *held, char *path, bool *is_ours)
{
	cleanup_fd int fd = fcntl(held->writer->live.fd, F_DUPFD_CLOEXEC, 0);
	char *name, *rest = path;

	*is_ours = held_top_is_ours(held);
	while (fd >= 0 && (name = strsep(&rest, "/"))) {
		int next = open_quietly_at(fd, name, O_DIRECTORY);
		struct tree_entry facts;

		close_fd(&fd);
		fd = next;
		*is_ours = *is_ours && fd >= 0 && tree_look(fd, "", &facts) == 0 && held_is_ours(held, &facts);
	}
	return take_fd(&fd);
}

/* Directories on the way to an entry are made where nothing is there. */
static enum held_answer held_imply(struct held *held, const char *path, size_t size)
{
	for (size_t at = 0; at <= size; at++) {
		const struct held_entry *one;

		if (at < size && path[at] != '/')
			continue;
		one = held_find(held, path, at);
		if (one && one->kind != ENTRY_DIRECTORY) {
			errno = ENOTDIR;
			return HELD_REFUSED;
		}
		if (!one && !held_append(held, path, at, ENTRY_DIRECTORY, ENTRY_IMPLIED_MODE))
			return HELD_NOT;
	}
	return HELD_SAME;
}

static bool held_is_recent(const struct held *held, const char *path, size_t size)
{
	return held->recent_path && strncmp(held->recent_path, path, size) == 0 && !held->recent_path[size];
}

static int held_enter(struct held *held, const char *path, size_t size)
{
	cleanup_free char *walked = strndup(path, size), *directory = strndup(path, size);

	held_leave_recent(held);
	held->recent_fd = walked && directory ? held_open_directory(held, walked, &held->is_parent_ours) : -1;
	if (held->recent_fd < 0)
		return -1;
	held->recent_path = take_pointer(&directory);
	return held->recent_fd;
}

int held_reach(struct held *held, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;

	if (slash)
		return held_is_recent(held, path, size) ? held->recent_fd : held_enter(held, path, size);
	if (held->recent_path || !held->count)
		held->is_parent_ours = held_top_is_ours(held);
	held_leave_recent(held);
	return held->writer->live.fd;
}

static const char *held_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- One entry ---- */

static enum held_answer held_compare_bytes(struct held *held, int fd, const struct entry *entry)
{
	const char *bytes = entry->bytes;

	if (buffer_reserve(&held->block, entry->size < BLOCK ? entry->size : BLOCK) < 0)
		return HELD_NOT;
	for (size_t at = 0; at < entry->size;) {
		size_t wanted = entry->size - at < BLOCK ? entry->size - at : BLOCK;

		if (read_all(fd, held->block.bytes, wanted) != (ssize_t)wanted)
			return HELD_NOT;
		if (memcmp(held->block.bytes, bytes + at, wanted) != 0)
			return is_broken("unchanged-by-size") ? HELD_SAME : HELD_DIFFERS;
		at += wanted;
	}
	return HELD_SAME;
}

/* What could not be opened is missing, or in doubt. */
static enum held_answer held_missing(void)
{
	return errno == ENOENT ? HELD_DIFFERS : HELD_NOT;
}

/* What is opened counts, not the name. */
static enum held_answer held_compare_file(struct held *held, int directory_fd, const char *name, const struct entry *entry,
					  struct twin *twin)
{
	cleanup_fd int fd = open_quietly_at(directory_fd, name, O_NONBLOCK);
	struct tree_entry *facts = &twin->facts;
	enum held_answer answer;

	if (fd < 0)
		return held_missing();
	if (tree_look(fd, "", facts) < 0 || !S_ISREG(facts->mode))
		return HELD_NOT;
	if (facts->size != (int64_t)entry->size)
		return HELD_DIFFERS;
	if (!held_has_no_attributes(fd))
		return HELD_NOT;
	/* Before its bytes are read: a change that comes later leaves another time. */
	twin->is_recent = !clock_is_past(facts->changed);
	answer = held_compare_bytes(held, fd, entry);
	twin->has_bytes = answer == HELD_SAME;
	if (answer != HELD_SAME)
		return answer;
	return held_has_facts(held, facts, held_wanted_mode(held, ENTRY_FILE, entry->mode)) ? HELD_SAME : HELD_NOT;
}

/* A symlink that may lead out of the generation, or into the store, is in doubt: its verdict is the seal's, in the stage. */
static bool held_link_stays(const struct held *held, int directory_fd, const char *name, const struct entry *entry)
{
	const struct place *place = &held->writer->place;
	struct links links = { .place = place, .top_fd = held->writer->live.fd, .leaving = LINKS_MUST_STAY, .from_fd = -1 };
	struct walk_entry found = { .directory_fd = directory_fd, .name = name, .path = entry->path, .fd = -1 };
	struct atomicdir_error ignored;
	bool stays;

	if (strstr(entry->bytes, place->name.store))
		return false;
	error_clear(&ignored);
	stays = links_check(&links, &found, &ignored) == 0;
	links_clear(&links);
	return stays;
}

static enum held_answer held_compare_link(const struct held *held, int directory_fd, const char *name,
					  const struct entry *entry, struct twin *twin)
{
	struct tree_entry *facts = &twin->facts;
	char text[PATH_MAX];
	ssize_t size;

	if (tree_look(directory_fd, name, facts) < 0)
		return held_missing();
	if (!held_has_facts(held, facts, held_wanted_mode(held, ENTRY_LINK, 0)))
		return HELD_NOT;
	size = readlinkat(directory_fd, name, text, sizeof(text));
	if (size != (ssize_t)entry->size || memcmp(text, entry->bytes, entry->size) != 0)
		return HELD_NOT;
	return held_link_stays(held, directory_fd, name, entry) ? HELD_SAME : HELD_NOT;
}

/* Of a directory it is seen in the end whether it is the same. */
static enum held_answer held_compare(struct held *held, const struct entry *entry, struct twin *twin)
{
	const char *name = held_name(entry->path);

	*twin = (struct twin){ .directory_fd = held_reach(held, entry->path) };
	if (twin->directory_fd < 0)
		return held_missing();
	if (entry->kind == ENTRY_FILE)
		return held_compare_file(held, twin->directory_fd, name, entry, twin);
	return entry->kind == ENTRY_LINK ? held_compare_link(held, twin->directory_fd, name, entry, twin) : HELD_SAME;
}

/* Keeps the bytes of an entry that was found the same, or relies on its live file. */
static bool held_keep(struct held *held, struct held_entry *added, const struct entry *entry, const struct twin *twin)
{
	const struct tree_entry *facts = &twin->facts;

	added->is_recent = twin->is_recent;
	added->size = entry->size;
	added->inode = facts->inode;
	added->links = facts->links;
	added->modified = facts->modified;
	added->changed = facts->changed;
	if (!entry->size || (entry->kind == ENTRY_FILE && held->kept + entry->size > HELD_BYTES))
		return !entry->size || (held->is_parent_ours && held_is_ours(held, facts) && !added->is_recent);
	/* A symlink's text ends with its NUL. */
	added->bytes = wiping_malloc(entry->size + 1);
	if (!added->bytes)
		return false;
	memcpy(added->bytes, entry->bytes, entry->size);
	((char *)added->bytes)[entry->size] = '\0';
	held->kept += entry->size;
	return true;
}

/* Takes back what held_append() added last. */
static void held_drop(struct held *held)
{
	struct held_entry *last = &held->items[held->count - 1];

	*held_slot(held, last->path, strlen(last->path)) = 0;
	free(last->path);
	held->count--;
}

/* Whether the list has room for an entry of this path. */
static enum held_answer held_check(struct held *held, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;

	if (slash && !held_is_recent(held, path, size)) {
		enum held_answer answer = held_imply(held, path, size);

		if (answer != HELD_SAME)
			return answer;
	}
	if (!held_find(held, path, strlen(path)))
		return HELD_SAME;
	errno = EEXIST;
	return HELD_REFUSED;
}

enum held_answer held_add(struct held *held, const struct entry *entry)
{
	enum held_answer answer = held_check(held, entry->path);
	struct held_entry *added;
	struct twin twin;

	if (answer == HELD_SAME)
		answer = held_compare(held, entry, &twin);
	if (answer != HELD_SAME)
		return answer;
	added = held_append(held, entry->path, strlen(entry->path), entry->kind, entry->mode & 07777);
	if (!added)
		return HELD_NOT;
	if (held_keep(held, added, entry, &twin))
		return HELD_SAME;
	held_drop(held);
	return HELD_NOT;
}

/* ---- The seal ---- */

struct held_walk {
	struct held *held;
	const volatile int *stop;
	struct tree_path path;
	size_t met; /* how many entries of the list were found */
};

/* 1: the same; 0: not, or in doubt; -1: stopped. */
static int held_walk_directory(struct held_walk *walk, int fd, int depth);

static int held_walk_into(struct held_walk *walk, int directory_fd, const char *name, const struct held_entry *one, int depth)
{
	mode_t mode = held_wanted_mode(walk->held, ENTRY_DIRECTORY, one->mode);
	cleanup_fd int fd = open_quietly_at(directory_fd, name, O_DIRECTORY);
	struct tree_entry facts;

	if (fd < 0 || tree_look(fd, "", &facts) < 0 || !held_has_facts(walk->held, &facts, mode) || !held_has_no_attributes(fd))
		return 0;
	return held_walk_directory(walk, fd, depth + 1);
}

static bool held_is_still_same(struct held *held, int directory_fd, const char *name, const struct held_entry *one)
{
	const struct entry entry = { one->kind, one->path, one->mode, one->bytes, one->size };
	struct twin twin;

	return held_compare_file(held, directory_fd, name, &entry, &twin) == HELD_SAME && twin.facts.inode == one->inode;
}

static int held_walk_entry(struct held_walk *walk, int directory_fd, const char *name, int depth)
{
	const struct held_entry *one = held_find(walk->held, walk->path.text, walk->path.size);
	struct tree_entry facts;

	if (walk->stop && *walk->stop) {
		errno = EINTR;
		return -1;
	}
	if (!one)
		return is_broken("live-names-forgotten");
	walk->met++;
	if (one->kind == ENTRY_DIRECTORY)
		return held_walk_into(walk, directory_fd, name, one, depth);
	if (is_broken("held-not-looked-at-again"))
		return 1;
	if (tree_look(directory_fd, name, &facts) < 0 || facts.inode != one->inode || facts.is_mount ||
	    !clock_is_same(facts.changed, one->changed))
		return 0;
	return !one->is_recent || held_is_still_same(walk->held, directory_fd, name, one);
}

static void held_close_directory(DIR **directory)
{
	int saved = errno;

	if (*directory)
		closedir(*directory);
	errno = saved;
}

static DIR *held_open_names(int directory_fd)
{
	cleanup_fd int fd = open_quietly_at(directory_fd, ".", O_DIRECTORY);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory)
		take_fd(&fd);
	return directory;
}

static int held_walk_directory(struct held_walk *walk, int fd, int depth)
{
	cleanup(held_close_directory) DIR *directory = depth > TREE_DEPTH_MAX ? NULL : held_open_names(fd);
	const struct dirent *found;
	size_t size = walk->path.size;
	int is_same = 1;

	if (!directory)
		return 0;
	while (is_same == 1 && (errno = 0, found = readdir(directory))) {
		const char *name = found->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (!depth && strcmp(name, NAME_WAKE) == 0))
			continue;
		if (tree_path_push(&walk->path, name) < 0)
			return 0;
		is_same = held_walk_entry(walk, fd, name, depth);
		tree_path_pop(&walk->path, size);
	}
	return is_same == 1 && errno ? 0 : is_same;
}

int held_is_live(struct held *held, const volatile int *stop)
{
	cleanup_path struct tree_path path = { 0 };
	struct held_walk walk = { .held = held, .stop = stop };
	int live_fd = held->writer->live.fd, is_same;
	struct tree_entry top;

	if (tree_look(live_fd, "", &top) < 0 || !held_has_facts(held, &top, held_wanted_top_mode(held)) ||
	    !held_has_no_attributes(live_fd))
		return 0;
	is_same = held_walk_directory(&walk, live_fd, 0);
	path = walk.path;
	return is_same == 1 && !is_broken("held-not-counted") ? walk.met == held->count : is_same;
}

/* ---- Writing what was held ---- */

/* Whether a live file has the bytes that were compared. A link to it that is made or removed, by us or by a backup, leaves another time
 * of change: the time of modification counts then. */
static bool held_is_what_it_was(const struct held_entry *one, const struct tree_entry *facts)
{
	if (facts->inode != one->inode || facts->size != (int64_t)one->size)
		return false;
	return clock_is_same(facts->changed, one->changed) ||
	       (facts->links != one->links && clock_is_same(facts->modified, one->modified));
}

static bool held_is_open_on(int fd, const struct held_entry *one)
{
	struct tree_entry facts;

	return (tree_look(fd, "", &facts) == 0 && held_is_what_it_was(one, &facts)) || is_broken("copied-unseen");
}

int held_copy(struct held *held, size_t index, int to_fd, const volatile int *stop)
{
	const struct held_entry *one = &held->items[index];
	int directory_fd = held_reach(held, one->path);
	cleanup_fd int fd = directory_fd < 0 ? -1 : open_quietly_at(directory_fd, held_name(one->path), O_NONBLOCK);

	if (fd >= 0 && held_is_open_on(fd, one)) {
		if (copy_bytes(fd, to_fd, (off_t)one->size, stop) < 0)
			return -1;
		if (held_is_open_on(fd, one))
			return 0;
	}
	errno = ESTALE;
	return -1;
}

/* ---- Twins ---- */

static int held_look(struct held *held, const char *path, struct twin *twin)
{
	*twin = (struct twin){ .directory_fd = held_reach(held, path) };
	if (twin->directory_fd < 0 || tree_look(twin->directory_fd, held_name(path), &twin->facts) < 0 ||
	    !S_ISREG(twin->facts.mode))
		return -1;
	twin->is_recent = !clock_is_past(twin->facts.changed);
	return 0;
}

bool held_find_twin(struct held *held, const struct entry *entry, struct twin *twin)
{
	if (!held_can_look(held))
		return false;
	twin->is_linkable = held_compare(held, entry, twin) == HELD_SAME;
	return twin->has_bytes;
}

/* Whether a file whose time of change is another one has nevertheless all that sealing will give to the entry. */
static bool held_is_still_linkable(const struct held *held, const struct held_entry *one, const struct twin *twin)
{
	cleanup_fd int fd = open_quietly_at(twin->directory_fd, held_name(one->path), O_NONBLOCK);

	return held_has_facts(held, &twin->facts, held_wanted_mode(held, ENTRY_FILE, one->mode)) && fd >= 0 &&
	       held_has_no_attributes(fd);
}

bool held_get_twin(struct held *held, size_t index, struct twin *twin)
{
	const struct held_entry *one = &held->items[index];
	struct entry entry;

	held_get(held, index, &entry);
	if (one->is_recent)
		return held_find_twin(held, &entry, twin);
	if (held_look(held, one->path, twin) < 0 || (!held_is_what_it_was(one, &twin->facts) && !is_broken("linked-unseen")))
		return false;
	twin->is_linkable = clock_is_same(twin->facts.changed, one->changed) || held_is_still_linkable(held, one, twin);
	/* Bytes that are not kept cannot be compared once more, nor need they be. */
	twin->is_recent = twin->is_recent && (one->bytes || !one->size);
	return true;
}

/* Making a link is a change of the file as well, so that its time of change says no more whether its bytes are what they were. Where these
 * may have changed without a trace they are compared once more. */
static bool held_is_linked(struct held *held, const struct entry *entry, const struct twin *twin, int directory_fd,
			   const char *name)
{
	struct tree_entry linked;
	struct twin again;

	if (tree_look(directory_fd, name, &linked) < 0 || !tree_is_same_but_links(&twin->facts, &linked))
		return false;
	return !twin->is_recent || held_compare_file(held, directory_fd, name, entry, &again) == HELD_SAME;
}

int held_link(struct held *held, const struct entry *entry, const struct twin *twin, int directory_fd, const char *name)
{
	const char *live = held_name(entry->path);
	struct tree_entry now;

	if (tree_look(twin->directory_fd, live, &now) < 0 || !tree_is_untouched(&twin->facts, &now) ||
	    linkat(twin->directory_fd, live, directory_fd, name, 0) < 0)
		return -1;
	if (held_is_linked(held, entry, twin, directory_fd, name))
		return 0;
	unlinkat(directory_fd, name, 0);
	return -1;
}
