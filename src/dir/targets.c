/* SPDX-License-Identifier: ISC */
#include "dir/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/lend.h"
#include "dir/tree.h"

#define TARGET_PATH_SIZE (NAME_PARENT_SIZE + 4096)

struct targets {
	const struct place *place;
	const struct manifest *now, *before;
	struct tree_path path;
};

/* ---- What is refused ---- */

static void target_path(char path[static TARGET_PATH_SIZE], const struct place *place, const char *below)
{
	snprintf(path, TARGET_PATH_SIZE, "%s%s%s", place->name.parent, *below ? "/" : "", below);
}

int target_is_foreign(const struct place *place, const char *path, const char *claim, struct atomicdir_error *error)
{
	char full[TARGET_PATH_SIZE];

	target_path(full, place, path);
	error_object(error, ATOMICDIR_FAILED, full, "%s", claim);
	error->errnum = EEXIST;
	return -1;
}

int target_fail(const struct place *place, const char *path, const char *what, struct atomicdir_error *error)
{
	char full[TARGET_PATH_SIZE];
	int errnum = errno;

	target_path(full, place, path);
	return error_system(error, errnum, full, "%s", what);
}

static int target_refuse(const struct targets *targets, const char *path, const char *claim, struct atomicdir_error *error)
{
	char full[TARGET_PATH_SIZE];

	target_path(full, targets->place, path);
	return error_object(error, ATOMICDIR_FAILED, full, "%s", claim);
}

/* What keeps an entry of ours from being replaced or removed. */
static int target_check_movable(const struct targets *targets, const char *path, const struct tree_entry *facts,
				struct atomicdir_error *error)
{
	if (facts->is_mount)
		return target_refuse(targets, path, "is a mount point, so it cannot be replaced or removed; unmount it first",
				     error);
	if (facts->is_fixed)
		return target_refuse(targets, path,
				     "is immutable or append-only, so it cannot be replaced or removed; remove that attribute "
				     "(chattr -ia)",
				     error);
	return 0;
}

/* A directory in which entries come and go. Of one that is ours the owner's rights can be lent. */
static int target_check_writable(const struct targets *targets, int fd, const char *path, struct atomicdir_error *error)
{
	struct tree_entry facts;

	if (tree_look(fd, "", &facts) < 0)
		return target_fail(targets->place, path, "cannot examine", error);
	if (facts.is_fixed)
		return target_refuse(targets, path,
				     "is an immutable or append-only directory, so nothing can be published in it; remove that "
				     "attribute (chattr -ia)",
				     error);
	if (facts.uid == geteuid() || faccessat(fd, ".", W_OK | X_OK, 0) == 0)
		return 0;
	return target_fail(targets->place, path, "cannot write in the directory", error);
}

/* With the sticky bit only the entry's owner and the directory's may replace it (inode(7)). */
static int target_check_sticky(const struct targets *targets, int fd, const struct tree_entry *facts,
			       struct atomicdir_error *error)
{
	struct tree_entry directory;

	if (tree_look(fd, "", &directory) < 0 || !(directory.mode & S_ISVTX) || geteuid() == 0 || directory.uid == geteuid() ||
	    facts->uid == geteuid())
		return 0;
	return target_refuse(targets, targets->path.text,
			     "belongs to another user and is in a directory with the sticky bit, so it cannot be replaced",
			     error);
}

/* ---- What is to be placed ---- */

static int targets_check_directory(struct targets *targets, int own_fd, int link_fd, struct atomicdir_error *error);

static int targets_enter(struct targets *targets, int own_fd, int link_fd, const char *name, struct atomicdir_error *error)
{
	cleanup_fd int own = open_lending_at(own_fd, name, O_RDONLY | O_DIRECTORY), link = -1;

	link = own < 0 ? -1 : open_lending_at(link_fd, name, O_RDONLY | O_DIRECTORY);
	if (link < 0)
		return target_fail(targets->place, targets->path.text, "cannot open the directory", error);
	return targets_check_directory(targets, own, link, error);
}

static int targets_check_entry(struct targets *targets, int own_fd, int link_fd, const char *name,
			       struct atomicdir_error *error)
{
	const char *path = targets->path.text;
	struct tree_entry own, there;

	if (tree_look(own_fd, name, &own) < 0)
		return target_fail(targets->place, path, "cannot examine what is to become", error);
	if (tree_look(link_fd, name, &there) < 0)
		return errno == ENOENT ? 0 : target_fail(targets->place, path, "cannot examine", error);
	if (!manifest_has(targets->before, path, there.mode))
		return target_is_foreign(targets->place, path,
					 "was not made by a publication, but the content has that name; move it away, or leave "
					 "the name out",
					 error);
	if (target_check_movable(targets, path, &there, error) < 0 || target_check_sticky(targets, link_fd, &there, error) < 0)
		return -1;
	if (!S_ISDIR(own.mode) || !S_ISDIR(there.mode))
		return 0;
	return targets_enter(targets, own_fd, link_fd, name, error);
}

static int targets_check_directory(struct targets *targets, int own_fd, int link_fd, struct atomicdir_error *error)
{
	cleanup_names struct tree_names names = { 0 };
	size_t size = targets->path.size;

	if (target_check_writable(targets, link_fd, size ? targets->path.text : "", error) < 0)
		return -1;
	if (tree_names_read(own_fd, false, &names) < 0)
		return target_fail(targets->place, size ? targets->path.text : "", "cannot read the new directory of", error);
	for (size_t i = 0; i < names.count; i++) {
		int done;

		if (tree_path_push(&targets->path, names.names[i]) < 0)
			return error_system(error, errno, targets->place->name.link, "cannot examine");
		done = targets_check_entry(targets, own_fd, link_fd, names.names[i], error);
		tree_path_pop(&targets->path, size);
		if (done < 0)
			return -1;
	}
	return 0;
}

/* ---- What is to go ---- */

/* A directory that goes must hold nothing but what is ours. */
static int targets_check_content(struct targets *targets, int fd, const char *path, struct atomicdir_error *error)
{
	cleanup_names struct tree_names names = { 0 };
	int done = 0;

	if (target_check_writable(targets, fd, path, error) < 0)
		return -1;
	if (tree_names_read(fd, false, &names) < 0)
		return target_fail(targets->place, path, "cannot read the directory", error);
	for (size_t i = 0; i < names.count && done == 0; i++) {
		cleanup_free char *below = NULL;
		struct tree_entry facts;

		if (asprintf(&below, "%s/%s", path, names.names[i]) < 0 || tree_look(fd, names.names[i], &facts) < 0)
			return target_fail(targets->place, path, "cannot examine what is in", error);
		if (!manifest_has(targets->before, below, facts.mode))
			done = target_is_foreign(targets->place, below,
						 "was not made by a publication, but is in a directory that is to be removed; "
						 "move it away",
						 error);
	}
	return done;
}

/* What has another type than ours had is somebody else's: it is left alone. */
static int targets_check_vanishing(struct targets *targets, const struct manifest_entry *entry, struct atomicdir_error *error)
{
	const char *name;
	cleanup_fd int parent_fd = tree_open_parent(targets->place->parent_fd, entry->path, &name), fd = -1;
	struct tree_entry facts;

	if (parent_fd < 0 || tree_look(parent_fd, name, &facts) < 0 || (facts.mode & S_IFMT) != (entry->mode & S_IFMT))
		return 0;
	if (target_check_movable(targets, entry->path, &facts, error) < 0)
		return -1;
	if (!S_ISDIR(facts.mode))
		return 0;
	fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return target_fail(targets->place, entry->path, "cannot open the directory", error);
	return targets_check_content(targets, fd, entry->path, error);
}

int targets_check(const struct place *place, int top_fd, const struct manifest *now, const struct manifest *before,
		  struct atomicdir_error *error)
{
	struct targets targets = { .place = place, .now = now, .before = before };
	int done = targets_check_directory(&targets, top_fd, place->parent_fd, error);

	for (size_t i = 0; i < before->count && done == 0; i++)
		if (!manifest_has(now, before->entries[i].path, before->entries[i].mode))
			done = targets_check_vanishing(&targets, &before->entries[i], error);
	tree_path_clear(&targets.path);
	return done;
}
