/* SPDX-License-Identifier: ISC */
#include "dir/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "dir/tree.h"

#define BLOCK 65536

/* ---- Files and symlinks ---- */

static int copy_by_reading(int from_fd, int to_fd)
{
	/* Not on the stack: a thread may have little, and this can be inlined into what recurses. */
	char *block = wiping_malloc(BLOCK);
	ssize_t size;
	int result = block ? 0 : -1;

	while (result == 0 && (size = read_all(from_fd, block, BLOCK)) != 0)
		result = size < 0 ? -1 : write_all(to_fd, block, (size_t)size);
	wiping_free(block);
	return result;
}

static int copy_bytes(int from_fd, int to_fd)
{
	ssize_t copied;

	if (ioctl(to_fd, FICLONE, from_fd) == 0)
		return 0;
	do
		copied = copy_file_range(from_fd, NULL, to_fd, NULL, (size_t)1 << 30, 0);
	while (copied > 0);
	/* The offsets have moved along, so what is left is read. A 0 may also mean a file of proc(5)'s kind. */
	if (copied < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM)
		return -1;
	return copy_by_reading(from_fd, to_fd);
}

/* As cp -p: an owner that we may not give takes the setuid and setgid bits with it; the group alone is given if we may. */
static int copy_facts(int fd, const struct tree_entry *entry, mode_t keep)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->modified };
	mode_t mode = entry->mode & 07777;
	struct stat now;

	if (fstat(fd, &now) < 0)
		return -1;
	if ((now.st_uid != entry->uid || now.st_gid != entry->gid) && fchown(fd, entry->uid, entry->gid) < 0) {
		if (errno != EPERM && errno != EINVAL)
			return -1;
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
		if (now.st_gid != entry->gid && fchown(fd, -1U, entry->gid) < 0 && errno != EPERM && errno != EINVAL)
			return -1;
	}
	return fchmod(fd, mode | keep) < 0 || futimens(fd, times) < 0 ? -1 : 0;
}

/* Half a file is worse than none: the caller may go on. */
static void copy_undo(int directory_fd, const char *name)
{
	int saved = errno;

	unlinkat(directory_fd, name, 0);
	errno = saved;
}

static int copy_file(int from_fd, const char *from_name, int to_fd, const char *to_name, const struct tree_entry *entry)
{
	cleanup_fd int from = openat(from_fd, from_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup_fd int to = from < 0 ? -1 : openat(to_fd, to_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (to < 0)
		return -1;
	if (copy_bytes(from, to) == 0 && copy_facts(to, entry, 0) == 0 && close(take_fd(&to)) == 0)
		return 0;
	copy_undo(to_fd, to_name);
	return -1;
}

static int copy_link(int from_fd, const char *from_name, int to_fd, const char *to_name, const struct tree_entry *entry)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->modified };
	char text[4097];
	ssize_t size = readlinkat(from_fd, from_name, text, sizeof(text));

	if (size < 0)
		return -1;
	if ((size_t)size >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	text[size] = '\0';
	if (symlinkat(text, to_fd, to_name) < 0)
		return -1;
	if ((fchownat(to_fd, to_name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) == 0 || errno == EPERM || errno == EINVAL) &&
	    utimensat(to_fd, to_name, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	copy_undo(to_fd, to_name);
	return -1;
}

/* ---- Trees ---- */

/* A directory of the copy that is being filled. */
struct copy_level {
	int fd;
	bool is_made;		/* by us: it gets the facts of the one that it is copied from */
	mode_t setgid;		/* handed down by its parent, and kept */
	struct lending lending; /* of one that was there */
};

/* levels[depth] is the directory that the entries of that depth and one go into; levels[0] is the caller's. */
struct copying {
	struct copy_level levels[TREE_DEPTH_MAX + 4];
	int depth;
	bool merges;
};

static int copy_make_directory(int parent_fd, const char *name, struct copy_level *level)
{
	struct stat made;

	level->fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (level->fd < 0 || fstat(level->fd, &made) < 0)
		return -1;
	level->is_made = true;
	level->setgid = made.st_mode & S_ISGID;
	return fchmod(level->fd, 0700 | level->setgid);
}

/* What is there keeps its mode, which may forbid us to add to it. 1: it is no directory, and stays. */
static int copy_enter_existing(int parent_fd, const char *name, struct copy_level *level)
{
	struct stat there;

	if (fstatat(parent_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode))
		return 1;
	level->fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	return level->fd < 0 || lending_begin(&level->lending, level->fd) < 0 ? -1 : 0;
}

static int copy_enter_as(struct copying *copying, const char *name, const char *path, struct atomicdir_error *error)
{
	int parent_fd = copying->levels[copying->depth].fd;
	struct copy_level *level = &copying->levels[copying->depth + 1];
	int done;

	*level = (struct copy_level){ .fd = -1, .lending.fd = -1 };
	if (mkdirat(parent_fd, name, 0700) == 0)
		done = copy_make_directory(parent_fd, name, level);
	else
		done = errno == EEXIST && copying->merges ? copy_enter_existing(parent_fd, name, level) : -1;
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
	return copy_enter_as(arg, entry->name, entry->path, error);
}

/* Also where the copy has failed: what was lent is given back. */
static int copy_leave(struct copying *copying, const struct tree_entry *facts, const char *path, struct atomicdir_error *error)
{
	struct copy_level *level = &copying->levels[copying->depth--];
	int done = lending_end(&level->lending);

	if (done == 0 && level->is_made && facts)
		done = copy_facts(level->fd, facts, level->setgid);
	if (done < 0)
		error_system(error, errno, path, "cannot set the mode and owner of the directory");
	close_fd(&level->fd);
	return done;
}

static int copy_entry_as(struct copying *copying, int from_fd, const char *from_name, const char *to_name,
			 const struct tree_entry *facts, const char *path, struct atomicdir_error *error)
{
	int to_fd = copying->levels[copying->depth].fd, done;

	if (copying->merges && faccessat(to_fd, to_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (S_ISREG(facts->mode))
		done = copy_file(from_fd, from_name, to_fd, to_name, facts);
	else if (S_ISLNK(facts->mode))
		done = copy_link(from_fd, from_name, to_fd, to_name, facts);
	else
		return error_object(error, ATOMICDIR_FAILED, path,
				    "is neither a file, a directory nor a symlink, so it cannot be copied");
	return done < 0 ? error_system(error, errno, path, "cannot copy") : 0;
}

static int copy_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct copying *copying = arg;

	if (entry->fd >= 0)
		return copy_leave(copying, &entry->facts, entry->path, error);
	return copy_entry_as(copying, entry->directory_fd, entry->name, entry->name, &entry->facts, entry->path, error);
}

static int copy_walk(struct copying *copying, int from_fd, bool is_generation, struct atomicdir_error *error)
{
	struct walk walk = { .enter = copy_enter, .visit = copy_visit, .arg = copying, .is_generation = is_generation };
	int outset = copying->depth, done = tree_walk(&walk, from_fd, error);

	while (copying->depth > outset)
		copy_leave(copying, NULL, NULL, NULL);
	return done;
}

static struct copying *copying_new(int to_fd, bool merges, struct atomicdir_error *error)
{
	struct copying *copying = calloc(1, sizeof(*copying));

	if (!copying) {
		error_system(error, errno, NULL, "cannot copy");
		return NULL;
	}
	copying->levels[0].fd = to_fd;
	copying->merges = merges;
	return copying;
}

static int copy_tree(struct copying *copying, int from_fd, const char *from_name, const char *to_name,
		     const struct tree_entry *facts, struct atomicdir_error *error)
{
	cleanup_fd int fd = open_directory_at(from_fd, from_name);
	int done, left;

	if (fd < 0)
		return error_system(error, errno, to_name, "cannot open to copy");
	done = copy_enter_as(copying, to_name, to_name, error);
	if (done)
		return done < 0 ? -1 : 0;
	done = copy_walk(copying, fd, false, error);
	left = copy_leave(copying, done == 0 ? facts : NULL, to_name, done == 0 ? error : NULL);
	return done < 0 ? -1 : left;
}

int tree_copy_at(int from_fd, const char *from_name, int to_fd, const char *to_name, bool merge, struct atomicdir_error *error)
{
	cleanup_free struct copying *copying = copying_new(to_fd, merge, error);
	struct tree_entry facts;

	if (!copying)
		return -1;
	if (tree_look(from_fd, from_name, &facts) < 0)
		return error_system(error, errno, to_name, "cannot look at, to copy");
	if (S_ISDIR(facts.mode))
		return copy_tree(copying, from_fd, from_name, to_name, &facts, error);
	return copy_entry_as(copying, from_fd, from_name, to_name, &facts, to_name, error);
}

int tree_copy_content(int from_fd, int to_fd, bool merge, struct atomicdir_error *error)
{
	cleanup_free struct copying *copying = copying_new(to_fd, merge, error);

	return copying ? copy_walk(copying, from_fd, true, error) : -1;
}
