/* SPDX-License-Identifier: ISC */
#include "dir/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/attributes.h"
#include "dir/links.h"
#include "dir/room.h"
#include "dir/tree.h"

#define BLOCK 65536
#define COPY_CHUNK (16 << 20) /* after so many bytes `stop` is checked */
#define COPY_TRIES 3	      /* how often a file is copied that changes meanwhile */

/* A directory of the copy that is being filled. */
struct copy_level {
	int fd;
	bool is_made; /* this copy made it, so it gets owner, mode and times of the original */
	gid_t gid;    /* its group when it was made; if it keeps that, it keeps the setgid bit that its parent gave it */
	mode_t setgid;
	struct lending lending; /* the write bit of one that existed before */
};

/* A file with several hard links, and the path of its first name in the copy. */
struct copy_name {
	dev_t device;
	ino_t inode;
	char *path; /* below levels[0] */
};

/* levels[depth] is the directory that the entries one level deeper go into; levels[0] is the caller's. */
struct copying {
	struct copy_level levels[TREE_DEPTH_MAX + 4];
	int depth;
	struct copy_rules *rules;
	void *names; /* of files with several names, by inode: a tree of tsearch(3) */
};

/* ---- The bytes of a file ---- */

struct copy_pair {
	int from_fd, to_fd;
	const volatile int *stop;
};

static bool copy_is_stopped(const struct copy_pair *pair)
{
	if (!pair->stop || !*pair->stop)
		return false;
	errno = EINTR;
	return true;
}

static int copy_by_reading(const struct copy_pair *pair)
{
	/* On the heap: a thread's stack may be small. */
	char *block = wiping_malloc(BLOCK);
	ssize_t size;
	int result = block ? 0 : -1;

	while (result == 0 && (size = read_all(pair->from_fd, block, BLOCK)) != 0)
		result = size < 0 || copy_is_stopped(pair) ? -1 : write_all(pair->to_fd, block, (size_t)size);
	wiping_free(block);
	return result;
}

/* Copies from one offset to another by copy_file_range(2). 1: the two file systems do not support that. */
static int copy_range(const struct copy_pair *pair, off_t at, off_t end)
{
	off_t to_at = at;

	while (at < end) {
		size_t size = end - at < COPY_CHUNK ? (size_t)(end - at) : COPY_CHUNK;
		ssize_t copied = copy_is_stopped(pair) ? -1 : copy_file_range(pair->from_fd, &at, pair->to_fd, &to_at, size, 0);

		if (copied < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM))
			return 1;
		if (copied < 0)
			return -1;
		/* The file became shorter, or it is of the kind that proc(5) has. */
		if (!copied)
			return 1;
	}
	return 0;
}

static int copy_range_by_reading(const struct copy_pair *pair, off_t at, off_t end)
{
	char *block = wiping_malloc(BLOCK);
	int result = block ? 0 : -1;

	while (result == 0 && at < end) {
		if (copy_is_stopped(pair)) {
			result = -1;
			break;
		}

		ssize_t size = pread(pair->from_fd, block, end - at < BLOCK ? (size_t)(end - at) : BLOCK, at);

		if (size > 0)
			size = pwrite(pair->to_fd, block, (size_t)size, at);
		if (size <= 0)
			result = size < 0 ? -1 : 1;
		at += size;
	}
	wiping_free(block);
	return result < 0 ? -1 : 0;
}

/* Copies only the data of a file with holes, so that the holes stay holes. */
static int copy_data(const struct copy_pair *pair, off_t size)
{
	off_t data = 0, hole = 0;

	while (hole < size && (data = lseek(pair->from_fd, hole, SEEK_DATA)) >= 0) {
		int done;

		hole = lseek(pair->from_fd, data, SEEK_HOLE);
		if (hole < 0)
			return -1;
		done = copy_range(pair, data, hole);
		if (done > 0)
			done = copy_range_by_reading(pair, data, hole);
		if (done < 0)
			return -1;
	}
	/* ENXIO: there is no more data up to the end. */
	if (data < 0 && errno != ENXIO)
		return -1;
	return ftruncate(pair->to_fd, size);
}

static int copy_all_bytes(const struct copy_pair *pair, off_t size)
{
	off_t data;
	int done;

	if (ioctl(pair->to_fd, FICLONE, pair->from_fd) == 0)
		return 0;
	if (!size)
		return copy_by_reading(pair);
	data = lseek(pair->from_fd, 0, SEEK_HOLE);
	if (data >= 0 && data < size)
		return copy_data(pair, size);
	done = copy_range(pair, 0, size);
	if (done <= 0)
		return done;
	if (lseek(pair->from_fd, 0, SEEK_SET) < 0 || ftruncate(pair->to_fd, 0) < 0)
		return -1;
	return copy_by_reading(pair);
}

int copy_bytes(int from_fd, int to_fd, off_t size, const volatile int *stop)
{
	struct copy_pair pair = { from_fd, to_fd, stop };

	return copy_all_bytes(&pair, size);
}

/* ---- A file as it was at one moment ---- */

static bool copy_is_unchanged(const struct stat *before, const struct stat *after)
{
	return before->st_size == after->st_size && before->st_mode == after->st_mode && before->st_uid == after->st_uid &&
	       before->st_gid == after->st_gid && before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
	       before->st_mtim.tv_nsec == after->st_mtim.tv_nsec && before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
	       before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

/* 1: both have the same bytes. */
static int copy_is_same(const struct copy_pair *pair)
{
	char *blocks = wiping_malloc((size_t)2 * BLOCK);
	int is_same = blocks ? 1 : -1;
	off_t at = 0;
	ssize_t size;

	while (is_same == 1 && (size = pread(pair->from_fd, blocks, BLOCK, at)) != 0) {
		if (copy_is_stopped(pair))
			is_same = -1;
		else if (size < 0 || pread(pair->to_fd, blocks + BLOCK, (size_t)size, at) != size)
			is_same = size < 0 ? -1 : 0;
		else if (memcmp(blocks, blocks + BLOCK, (size_t)size) != 0)
			is_same = 0;
		at += size;
	}
	wiping_free(blocks);
	return is_same;
}

/* Copies bytes and attributes as they were at one moment; *status is the file's at that moment. 1: it changed meanwhile; -1. */
static int copy_moment(const struct copy_pair *pair, struct stat *status, struct attributes *attributes)
{
	struct stat after;

	if (lseek(pair->from_fd, 0, SEEK_SET) < 0 || lseek(pair->to_fd, 0, SEEK_SET) < 0 || ftruncate(pair->to_fd, 0) < 0 ||
	    fstat(pair->from_fd, status) < 0 || copy_all_bytes(pair, status->st_size) < 0)
		return -1;
	attributes_clear(attributes);
	if (attributes_read(pair->from_fd, attributes) < 0)
		return -1;
	if (clock_is_recent(status->st_ctim)) {
		int is_same = copy_is_same(pair);

		if (is_same <= 0)
			return is_same < 0 ? -1 : 1;
	}
	if (fstat(pair->from_fd, &after) < 0)
		return -1;
	return copy_is_unchanged(status, &after) ? 0 : 1;
}

/* ---- Owner, mode, attributes and times ---- */

/* Like cp -p: where we may not set the owner, the setuid and setgid bits are dropped, and the group alone is set if we may. */
static int copy_owner(int fd, const struct stat *now, const struct stat *from, mode_t *mode)
{
	if (now->st_uid == from->st_uid && now->st_gid == from->st_gid)
		return 0;
	if (fchown(fd, from->st_uid, from->st_gid) == 0)
		return 0;
	if (errno != EPERM && errno != EINVAL)
		return -1;
	*mode &= ~(mode_t)(S_ISUID | S_ISGID);
	if (now->st_gid != from->st_gid && fchown(fd, -1U, from->st_gid) < 0 && errno != EPERM && errno != EINVAL)
		return -1;
	return 0;
}

static int copy_attributes(int fd, const struct attributes *attributes, struct copy_rules *rules, const char *path,
			   struct atomicdir_error *error)
{
	size_t lost = 0;
	const char *failed = NULL;

	if (rules->is_exact &&
	    ((!attributes_find(attributes, ATTRIBUTE_ACL) && attribute_remove(fd, ATTRIBUTE_ACL) < 0) ||
	     (!attributes_find(attributes, ATTRIBUTE_DEFAULT_ACL) && attribute_remove(fd, ATTRIBUTE_DEFAULT_ACL) < 0)))
		return error_system(error, errno, path, "cannot remove an inherited ACL from the copy of");
	if (attributes_write(fd, attributes, &lost, &failed) < 0 || (lost && rules->requires_attributes))
		return error_system(error, errno, path, "cannot copy the attribute '%s' of", failed);
	rules->lost += lost;
	return 0;
}

/* Sets owner, mode, attributes and time, in this order, since each step may reset what a later one sets. */
static int copy_facts(int fd, const struct stat *from, const struct attributes *attributes, mode_t setgid,
		      struct copy_rules *rules, const char *path, struct atomicdir_error *error)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, from->st_mtim };
	mode_t mode = from->st_mode & 07777;
	struct stat now;

	if (fstat(fd, &now) < 0 || copy_owner(fd, &now, from, &mode) < 0 || fchmod(fd, mode | setgid) < 0)
		return error_system(error, errno, path, "cannot set the mode and owner of the copy of");
	if (copy_attributes(fd, attributes, rules, path, error) < 0)
		return -1;
	if (futimens(fd, times) < 0)
		return error_system(error, errno, path, "cannot set the time of the copy of");
	return 0;
}

/* Removes a partial copy, since the caller may go on after the error. */
static int copy_undo(int directory_fd, const char *name)
{
	unlinkat(directory_fd, name, 0);
	return -1;
}

/* ---- Files and symlinks ---- */

static int copy_opened(int from_fd, int to_fd, struct copy_rules *rules, const char *path, struct atomicdir_error *error)
{
	struct copy_pair pair = { from_fd, to_fd, rules->stop };
	cleanup_attributes struct attributes attributes = { 0 };
	struct stat status;
	int done = 1;

	for (int tries = 0; done > 0 && tries < COPY_TRIES; tries++)
		done = copy_moment(&pair, &status, &attributes);
	if (done > 0)
		return error_object(error, ATOMICDIR_FAILED, path, "kept changing while it was copied");
	if (done < 0)
		return error_system(error, errno, path, "cannot copy");
	return copy_facts(to_fd, &status, &attributes, 0, rules, path, error);
}

static int copy_file(struct copying *copying, int from_dir, const char *from_name, const char *to_name, const char *path,
		     struct atomicdir_error *error)
{
	int to_dir = copying->levels[copying->depth].fd;
	cleanup_fd int from = openat(from_dir, from_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), to = -1;
	struct stat status;

	if (from < 0 || fstat(from, &status) < 0)
		return tree_cannot_read(from_dir, from_name, path, "cannot open for copying", error);
	if (!S_ISREG(status.st_mode))
		return error_object(error, ATOMICDIR_FAILED, path, "was changed while it was copied");
	to = openat(to_dir, to_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to < 0)
		return error_system(error, errno, path, "cannot make the copy of");
	if (copy_opened(from, to, copying->rules, path, error) < 0)
		return copy_undo(to_dir, to_name);
	if (close(take_fd(&to)) == 0)
		return 0;
	error_system(error, errno, path, "cannot write the copy of");
	return copy_undo(to_dir, to_name);
}

/* Not inlined: its buffer would otherwise be on the stack at each level of the recursion. */
static __attribute__((noinline)) int copy_link(struct copying *copying, int from_dir, const char *from_name,
					       const char *to_name, const struct tree_entry *facts, const char *path,
					       struct atomicdir_error *error)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, facts->modified };
	const struct copy_rules *rules = copying->rules;
	int to_dir = copying->levels[copying->depth].fd;
	char text[PATH_MAX + 1];
	ssize_t size = readlinkat(from_dir, from_name, text, sizeof(text));

	if (size >= (ssize_t)sizeof(text)) {
		errno = ENAMETOOLONG;
		size = -1;
	}
	if (size < 0)
		return error_system(error, errno, path, "cannot read the symlink");
	text[size] = '\0';
	if (rules->place)
		links_move(rules->place, text, rules->depth + copying->depth + 1, rules->from, rules->to);
	if (symlinkat(text, to_dir, to_name) < 0)
		return error_system(error, errno, path, "cannot make the copy of");
	if ((fchownat(to_dir, to_name, facts->uid, facts->gid, AT_SYMLINK_NOFOLLOW) == 0 || errno == EPERM ||
	     errno == EINVAL) &&
	    utimensat(to_dir, to_name, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	error_system(error, errno, path, "cannot set the owner and time of the copy of");
	return copy_undo(to_dir, to_name);
}

/* ---- Files with several names ---- */

static int names_compare(const void *a, const void *b)
{
	const struct copy_name *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

static void names_free(void *name)
{
	free(((struct copy_name *)name)->path);
	free(name);
}

/* Hard links in the source become hard links in the copy. 1: the file was copied before, and this name is now linked to that
 * copy; 0: this is its first name, still to be copied; -1. */
static int names_link(struct copying *copying, const struct tree_entry *facts, const char *to_name, const char *path,
		      struct atomicdir_error *error)
{
	struct copy_name *one = calloc(1, sizeof(*one)), **found;

	if (one)
		*one = (struct copy_name){ facts->device, facts->inode, strdup(path) };
	found = one && one->path ? tsearch(one, &copying->names, names_compare) : NULL;
	if (!found) {
		if (one)
			names_free(one);
		return error_system(error, ENOMEM, path, "cannot copy");
	}
	if (*found == one)
		return 0;
	names_free(one);
	if (linkat(copying->levels[0].fd, (*found)->path, copying->levels[copying->depth].fd, to_name, 0) == 0)
		return 1;
	return error_system(error, errno, path, "cannot make the hard link");
}

/* ---- Directories ---- */

static int copy_make_directory(int parent_fd, const char *name, struct copy_level *level)
{
	struct stat made;

	level->fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (level->fd < 0 || fstat(level->fd, &made) < 0)
		return -1;
	level->is_made = true;
	level->gid = made.st_gid;
	level->setgid = made.st_mode & S_ISGID;
	return fchmod(level->fd, 0700 | level->setgid);
}

/* Enters a directory that exists already; a missing write bit is lent for as long. 1: it is not a directory, and stays as it
 * is. */
static int copy_enter_existing(int parent_fd, const char *name, struct copy_level *level)
{
	struct stat there;

	if (fstatat(parent_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode))
		return 1;
	level->fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	return level->fd < 0 || lending_begin(&level->lending, level->fd) < 0 ? -1 : 0;
}

static bool copy_wants(const struct copying *copying, const struct walk_entry *entry)
{
	const struct copy_choice *choice = copying->rules->choice;

	return !choice || choice->wants(choice->arg, entry->path, entry->facts.mode);
}

static int copy_tell_made(const struct copying *copying, const char *path, struct atomicdir_error *error)
{
	const struct copy_choice *choice = copying->rules->choice;

	if (!choice || !choice->made || choice->made(choice->arg, path) == 0)
		return 0;
	return error_system(error, ENOMEM, path, "cannot copy");
}

static int copy_enter_as(struct copying *copying, const char *name, const char *path, struct atomicdir_error *error)
{
	int parent_fd = copying->levels[copying->depth].fd;
	struct copy_level *level = &copying->levels[copying->depth + 1];
	int done;

	*level = (struct copy_level){ .fd = -1, .lending.fd = -1 };
	done = mkdirat(parent_fd, name, 0700);
	if (done < 0 && copying->rules->writer && room_make(copying->rules->writer, errno))
		done = mkdirat(parent_fd, name, 0700);
	if (done == 0)
		done = copy_make_directory(parent_fd, name, level);
	else
		done = errno == EEXIST && copying->rules->merges ? copy_enter_existing(parent_fd, name, level) : -1;
	if (done < 0) {
		error_system(error, errno, path, "cannot make the directory");
		close_fd(&level->fd);
	}
	if (done == 0)
		copying->depth++;
	return done;
}

static int copy_enter(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct copying *copying = arg;
	int done;

	if (!copy_wants(copying, entry))
		return 1;
	done = copy_enter_as(copying, entry->name, entry->path, error);
	if (done == 0 && copying->levels[copying->depth].is_made)
		return copy_tell_made(copying, entry->path, error);
	return done;
}

static int copy_directory_facts(struct copying *copying, const struct copy_level *level, int from_fd, const char *path,
				struct atomicdir_error *error)
{
	cleanup_attributes struct attributes attributes = { 0 };
	struct stat from;

	if (fstat(from_fd, &from) < 0 || attributes_read(from_fd, &attributes) < 0)
		return error_system(error, errno, path, "cannot examine the directory");
	/* A setgid bit from the parent stays only with the group that it was given for. */
	return copy_facts(level->fd, &from, &attributes, from.st_gid == level->gid ? level->setgid : 0, copying->rules, path,
			  error);
}

/* Called also after a failure (from_fd -1), to take back a lent write bit. */
static int copy_leave(struct copying *copying, int from_fd, const char *path, struct atomicdir_error *error)
{
	struct copy_level *level = &copying->levels[copying->depth--];
	int done = 0;

	if (lending_end(&level->lending) < 0)
		done = error_system(error, errno, path, "cannot set the mode of the directory");
	if (done == 0 && level->is_made && from_fd >= 0)
		done = copy_directory_facts(copying, level, from_fd, path, error);
	close_fd(&level->fd);
	return done;
}

/* ---- Trees ---- */

static bool copy_is_linked(const struct copying *copying, int from_dir, const char *from_name, const char *to_name,
			   const struct tree_entry *facts, const char *path)
{
	const struct copy_links *linked = copying->rules->linked;

	return linked && strcmp(from_name, to_name) == 0 &&
	       linked->link(linked->arg, from_dir, from_name, facts, path, copying->levels[copying->depth].fd);
}

/* One whole file or symlink; half of one is removed again, so this can be tried twice. */
static int copy_leaf(struct copying *copying, int from_dir, const char *from_name, const char *to_name,
		     const struct tree_entry *facts, const char *path, struct atomicdir_error *error)
{
	if (S_ISREG(facts->mode) && copy_is_linked(copying, from_dir, from_name, to_name, facts, path))
		return 0;
	if (S_ISREG(facts->mode))
		return copy_file(copying, from_dir, from_name, to_name, path, error);
	return copy_link(copying, from_dir, from_name, to_name, facts, path, error);
}

/* Whether the entry is there: it was before, or it is a hard link now, as rules->links asks for. 1: it was; 0: it is now; -1: it is not. */
static int copy_find(const struct copying *copying, int from_dir, const char *from_name, const char *to_name,
		     const struct tree_entry *facts)
{
	int to_dir = copying->levels[copying->depth].fd;

	if (S_ISREG(facts->mode) && copying->rules->links) {
		if (linkat(from_dir, from_name, to_dir, to_name, 0) == 0)
			return 0;
		if (errno == EEXIST && copying->rules->merges)
			return 1;
	}
	return copying->rules->merges && exists_at(to_dir, to_name) ? 1 : -1;
}

/* 1: it was there, and stays as it is. */
static int copy_entry(struct copying *copying, int from_dir, const char *from_name, const char *to_name,
		      const struct tree_entry *facts, const char *path, struct atomicdir_error *error)
{
	int found = copy_find(copying, from_dir, from_name, to_name, facts), linked = 0;

	if (found >= 0)
		return found;
	if (!S_ISREG(facts->mode) && !S_ISLNK(facts->mode))
		return error_object(error, ATOMICDIR_FAILED, path,
				    "is neither a file, a directory nor a symlink, so it cannot be copied");
	if (facts->links > 1)
		linked = names_link(copying, facts, to_name, path, error);
	if (linked)
		return linked < 0 ? -1 : 0;
	if (copy_leaf(copying, from_dir, from_name, to_name, facts, path, error) == 0)
		return 0;
	if (!copying->rules->writer || !room_make(copying->rules->writer, error->errnum))
		return -1;
	error_clear(error);
	return copy_leaf(copying, from_dir, from_name, to_name, facts, path, error);
}

static int copy_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct copying *copying = arg;
	int found;

	if (entry->fd >= 0)
		return copy_leave(copying, entry->fd, entry->path, error);
	if (!copy_wants(copying, entry))
		return 0;
	found = copy_entry(copying, entry->directory_fd, entry->name, entry->name, &entry->facts, entry->path, error);
	if (found)
		return found < 0 ? -1 : 0;
	return copy_tell_made(copying, entry->path, error);
}

static int copy_walk(struct copying *copying, int from_fd, const char *path, bool is_generation, struct atomicdir_error *error)
{
	struct walk walk = { .enter = copy_enter,
			     .visit = copy_visit,
			     .arg = copying,
			     .path = path,
			     .is_generation = is_generation,
			     .stop = copying->rules->stop };
	int outset = copying->depth, done = tree_walk(&walk, from_fd, error);
	struct atomicdir_error ignored;

	while (copying->depth > outset)
		copy_leave(copying, -1, NULL, &ignored);
	return done;
}

static struct copying *copying_new(int to_fd, struct copy_rules *rules, struct atomicdir_error *error)
{
	struct copying *copying = calloc(1, sizeof(*copying));

	if (!copying) {
		error_system(error, errno, NULL, "cannot copy");
		return NULL;
	}
	copying->levels[0].fd = to_fd;
	copying->rules = rules;
	return copying;
}

static void copying_free(struct copying **copying)
{
	if (*copying)
		tdestroy((*copying)->names, names_free);
	free_pointer(copying);
}

static int copy_tree(struct copying *copying, int from_fd, const char *from_name, const char *to_name,
		     struct atomicdir_error *error)
{
	cleanup_fd int fd = open_directory_at(from_fd, from_name);
	struct atomicdir_error ignored;
	int done, left;

	if (fd < 0)
		return tree_cannot_read(from_fd, from_name, to_name, "cannot open for copying", error);
	done = copy_enter_as(copying, to_name, to_name, error);
	if (done)
		return done < 0 ? -1 : 0;
	done = copy_walk(copying, fd, to_name, false, error);
	left = copy_leave(copying, done == 0 ? fd : -1, to_name, done == 0 ? error : &ignored);
	return done < 0 ? -1 : left;
}

int tree_copy_at(int from_fd, const char *from_name, int to_fd, const char *to_name, struct copy_rules *rules,
		 struct atomicdir_error *error)
{
	cleanup(copying_free) struct copying *copying = copying_new(to_fd, rules, error);
	struct tree_entry facts;

	if (!copying)
		return -1;
	if (tree_look(from_fd, from_name, &facts) < 0)
		return error_system(error, errno, to_name, "cannot examine");
	if (S_ISDIR(facts.mode))
		return copy_tree(copying, from_fd, from_name, to_name, error);
	return copy_entry(copying, from_fd, from_name, to_name, &facts, to_name, error) < 0 ? -1 : 0;
}

int tree_copy_content(int from_fd, int to_fd, struct copy_rules *rules, struct atomicdir_error *error)
{
	cleanup(copying_free) struct copying *copying = copying_new(to_fd, rules, error);

	return copying ? copy_walk(copying, from_fd, "", true, error) : -1;
}
