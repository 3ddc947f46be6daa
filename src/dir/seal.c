/* SPDX-License-Identifier: ISC */
#include "dir/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/copy.h"

#define COPY_NAME "..atomicdir-copy" /* for the moment before it takes the place of what it copies */

/* A file or symlink that has several names, and how many of them were met. All are on one device. */
struct shared {
	ino_t inode;
	nlink_t links, met;
};

struct sealing {
	int top_fd;
	dev_t device;
	const struct seal_rules *rules;
	bool has_work; /* for the second pass */
	struct tree_count *count;
	struct shared *shared;
	size_t shared_count;
	struct atomicdir_error *error;
};

typedef int (*visit_fn)(struct sealing *sealing, int directory_fd, const char *name, const char *path,
			const struct tree_entry *entry);

static int walk(struct sealing *sealing, int directory_fd, const char *path, int depth, visit_fn visit)
{
	cleanup_names struct tree_names names = { 0 };

	if (depth > TREE_DEPTH_MAX)
		return error_set(sealing->error, ATOMICDIR_FAILED, path, "directories nest deeper than %d", TREE_DEPTH_MAX);
	if (tree_names_read(directory_fd, false, &names) < 0)
		return error_errno(sealing->error, path, "cannot read the directory");
	for (size_t i = 0; i < names.count; i++) {
		cleanup_free char *below = tree_path(path, names.names[i]);
		cleanup_fd int fd = -1;
		struct tree_entry entry;

		if (!below || tree_look(directory_fd, names.names[i], &entry) < 0)
			return error_errno(sealing->error, below, "cannot look at it");
		if (S_ISDIR(entry.mode) && !entry.is_mount) {
			fd = open_lending_at(directory_fd, names.names[i], O_RDONLY | O_DIRECTORY);
			if (fd < 0)
				return error_errno(sealing->error, below, "cannot open the directory");
			if (walk(sealing, fd, below, depth + 1, visit) < 0)
				return -1;
		}
		/* A directory after what is in it: its new mode may keep us out. */
		if (visit(sealing, directory_fd, names.names[i], below, &entry) < 0)
			return -1;
	}
	return 0;
}

/* ---- First pass: what cannot be published ---- */

static int depth_of(const char *path)
{
	int depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* By its text alone. *is_plain: every ".." comes first, so that no other symlink on the way can make a difference. */
static bool leaves_tree(const char *text, int depth, bool *is_plain)
{
	bool has_name = false;

	*is_plain = true;
	while (*text) {
		size_t size = strcspn(text, "/");

		if (size == 2 && text[0] == '.' && text[1] == '.') {
			*is_plain = *is_plain && !has_name;
			if (--depth < 0)
				return true;
		} else if (size && !(size == 1 && text[0] == '.')) {
			has_name = true;
			depth++;
		}
		text += size;
		text += strspn(text, "/");
	}
	return false;
}

static bool resolves_outside(const struct sealing *sealing, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	cleanup_fd int fd = -1;

	/* EAGAIN: something, anywhere, was renamed meanwhile (openat2(2)). */
	for (int tries = 0; tries < 100; tries++) {
		fd = (int)syscall(SYS_openat2, sealing->top_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 && errno == EXDEV;
}

/* Not inlined: its text would stand on the stack of what recurses. */
static __attribute__((noinline)) int check_link(const struct sealing *sealing, int directory_fd, const char *name,
						const char *path)
{
	char text[4097];
	ssize_t size = readlinkat(directory_fd, name, text, sizeof(text) - 1);
	bool is_plain;

	if (size < 0)
		return error_errno(sealing->error, path, "cannot read the symlink");
	text[size] = '\0';
	if (text[0] == '/')
		return 0;
	if (leaves_tree(text, depth_of(path), &is_plain) || (!is_plain && resolves_outside(sealing, path)))
		return error_set(
			sealing->error, ATOMICDIR_FAILED, path,
			"a relative symlink leaves the directory (to %.200s) and would lead elsewhere once it is published; "
			"make it absolute, or copy what it points to (--dereference)",
			text);
	return 0;
}

static int meet_shared(struct sealing *sealing, const struct tree_entry *entry)
{
	struct shared *more;

	if (!sealing->has_work || entry->links < 2)
		return 0;
	if ((sealing->shared_count & (sealing->shared_count - 1)) == 0) {
		more = reallocarray(sealing->shared, sealing->shared_count ? sealing->shared_count * 2 : 1, sizeof(*more));
		if (!more)
			return -1;
		sealing->shared = more;
	}
	sealing->shared[sealing->shared_count++] = (struct shared){ entry->inode, entry->links, 1 };
	return 0;
}

static int by_inode(const void *a, const void *b)
{
	ino_t first = ((const struct shared *)a)->inode, second = ((const struct shared *)b)->inode;

	return (first > second) - (first < second);
}

/* One for each name becomes one for each inode. */
static void gather_shared(struct sealing *sealing)
{
	struct shared *all = sealing->shared;
	size_t kept = 0;

	if (!sealing->shared_count)
		return;
	qsort(all, sealing->shared_count, sizeof(*all), by_inode);
	for (size_t i = 1; i < sealing->shared_count; i++) {
		if (all[i].inode == all[kept].inode)
			all[kept].met++;
		else
			all[++kept] = all[i];
	}
	sealing->shared_count = kept + 1;
}

static int check(struct sealing *sealing, int directory_fd, const char *name, const char *path, const struct tree_entry *entry)
{
	if (strcmp(path, TREE_WAKE_NAME) == 0)
		return error_set(sealing->error, ATOMICDIR_FAILED, path,
				 "this name is reserved for waking readers, and what has it is removed; give it another one");
	if (entry->is_mount || entry->device != sealing->device)
		return error_set(sealing->error, ATOMICDIR_FAILED, path,
				 "something is mounted there, so it cannot be published");
	if (!S_ISDIR(entry->mode) && meet_shared(sealing, entry) < 0)
		return error_errno(sealing->error, path, "cannot look at it");
	switch (entry->mode & S_IFMT) {
	case S_IFREG:
		sealing->count->files++;
		sealing->count->bytes += entry->size;
		return 0;
	case S_IFDIR:
		return 0;
	case S_IFLNK:
		return check_link(sealing, directory_fd, name, path);
	default:
		return error_set(sealing->error, ATOMICDIR_FAILED, path,
				 "a device, socket or FIFO cannot be published; remove it, or leave it out");
	}
}

/* ---- Second pass: owners and modes ---- */

static bool is_shared_outside(const struct sealing *sealing, const struct tree_entry *entry)
{
	const struct shared wanted = { .inode = entry->inode }, *found;

	if (S_ISDIR(entry->mode) || entry->links < 2 || !sealing->shared_count)
		return false;
	found = bsearch(&wanted, sealing->shared, sealing->shared_count, sizeof(wanted), by_inode);
	return found && found->met < found->links;
}

/* Its other names may be the live generation's: those must not change. The directory may have its final mode already. */
static int part_with(struct sealing *sealing, int directory_fd, const char *name, const char *path)
{
	struct stat directory;
	bool is_lent;
	int done;

	if (fstat(directory_fd, &directory) < 0)
		return error_errno(sealing->error, path, "cannot look at its directory");
	is_lent = (directory.st_mode & 0300) != 0300 && fchmod(directory_fd, (directory.st_mode & 07777) | 0700) == 0;
	done = tree_copy_at(directory_fd, name, directory_fd, COPY_NAME, false, sealing->error);
	if (done == 0 && renameat(directory_fd, COPY_NAME, directory_fd, name) < 0) {
		done = error_errno(sealing->error, path, "cannot put the copy in its place");
		unlinkat(directory_fd, COPY_NAME, 0);
	} else if (done < 0) {
		error_prefix(sealing->error, "cannot copy a file that has names elsewhere (%.300s)", path);
	}
	if (is_lent && fchmod(directory_fd, directory.st_mode & 07777) < 0 && done == 0)
		done = error_errno(sealing->error, path, "cannot set its directory's mode");
	return done;
}

static mode_t wanted_mode(const struct seal_rules *rules, const struct tree_entry *entry)
{
	mode_t asked = S_ISREG(entry->mode) ? rules->file_mode : rules->dir_mode;

	if (!asked || S_ISLNK(entry->mode))
		return entry->mode & 07777;
	return asked | (S_ISDIR(entry->mode) ? entry->mode & S_ISGID : 0);
}

static bool has_owner(const struct seal_rules *rules, const struct tree_entry *entry)
{
	return (rules->uid == (uid_t)-1 || rules->uid == entry->uid) && (rules->gid == (gid_t)-1 || rules->gid == entry->gid);
}

static int finish(struct sealing *sealing, int directory_fd, const char *name, const char *path, const struct tree_entry *entry)
{
	const struct seal_rules *rules = sealing->rules;
	mode_t mode = wanted_mode(rules, entry);
	struct tree_entry parted;

	if (has_owner(rules, entry) && mode == (entry->mode & 07777))
		return 0;
	if (is_shared_outside(sealing, entry)) {
		if (part_with(sealing, directory_fd, name, path) < 0)
			return -1;
		if (tree_look(directory_fd, name, &parted) < 0)
			return error_errno(sealing->error, path, "cannot look at it");
		entry = &parted;
	}
	/* chown(2) drops file capabilities and the setuid bit: only where it changes something, and before the mode. */
	if (!has_owner(rules, entry) && fchownat(directory_fd, name, rules->uid, rules->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(sealing->error, path, "cannot set the owner");
	if (!S_ISLNK(entry->mode) && (!has_owner(rules, entry) || mode != (entry->mode & 07777)) &&
	    change_mode_at(directory_fd, name, mode) < 0)
		return error_errno(sealing->error, path, "cannot set the mode");
	return 0;
}

static int finish_top(const struct sealing *sealing)
{
	const struct seal_rules *rules = sealing->rules;
	struct stat top;
	mode_t mode;

	if (fstat(sealing->top_fd, &top) < 0)
		return error_errno(sealing->error, NULL, "cannot look at the fresh directory");
	if (((rules->uid != (uid_t)-1 && rules->uid != top.st_uid) || (rules->gid != (gid_t)-1 && rules->gid != top.st_gid)) &&
	    fchown(sealing->top_fd, rules->uid, rules->gid) < 0)
		return error_errno(sealing->error, NULL, "cannot set the owner of the fresh directory");
	mode = rules->top_mode ? rules->top_mode | (top.st_mode & S_ISGID) : top.st_mode & 07777;
	if ((top.st_mode & 07777) != mode && fchmod(sealing->top_fd, mode) < 0)
		return error_errno(sealing->error, NULL, "cannot set the mode of the fresh directory");
	return 0;
}

int tree_seal(int top_fd, const struct seal_rules *rules, struct tree_count *count, struct atomicdir_error *error)
{
	struct sealing sealing = { .top_fd = top_fd, .rules = rules, .count = count, .error = error };
	struct stat top;
	int done;

	*count = (struct tree_count){ 0 };
	if (fstat(top_fd, &top) < 0)
		return error_errno(error, NULL, "cannot look at the fresh directory");
	sealing.device = top.st_dev;
	sealing.has_work = rules->uid != (uid_t)-1 || rules->gid != (gid_t)-1 || rules->file_mode || rules->dir_mode;
	done = walk(&sealing, top_fd, "", 0, check);
	gather_shared(&sealing);
	if (done == 0 && sealing.has_work)
		done = walk(&sealing, top_fd, "", 0, finish);
	if (done == 0)
		done = finish_top(&sealing);
	free(sealing.shared);
	return done;
}
