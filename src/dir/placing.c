/* SPDX-License-Identifier: ISC */
#include "dir/placing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/libc.h"
#include "dir/compare.h"
#include "dir/remove.h"
#include "dir/targets.h"
#include "dir/tree.h"

/* One entry, or one directory, on its way: the same path below the generation's own directory and below LINK's. */
struct passage {
	const struct placing *placing;
	struct tree_path path;
	struct atomicdir_error *first; /* the first error */
	bool has_failed;
	struct comparison *comparison; /* NULL: there is no memory for it, and then nothing counts as unchanged */
};

struct pair {
	int own_fd, link_fd;
};

/* ---- Errors ---- */

static struct atomicdir_error *passage_error(struct passage *passage, struct atomicdir_error *later)
{
	struct atomicdir_error *error = passage->has_failed ? later : passage->first;

	passage->has_failed = true;
	return error;
}

static int passage_fail(struct passage *passage, const char *path, const char *what)
{
	struct atomicdir_error later;

	return target_fail(passage->placing->place, path, what, passage_error(passage, &later));
}

static int passage_meets_foreign(struct passage *passage, const char *path, const char *claim)
{
	struct atomicdir_error later;

	return target_is_foreign(passage->placing->place, path, claim, passage_error(passage, &later));
}

/* ---- Renames ---- */

/* A crash in between leaves a right that was lent, until the modes are set. */
static int passage_rename(struct pair pair, const char *name, unsigned flags)
{
	return rename_lending_at(pair.own_fd, pair.link_fd, name, flags);
}

/* Whether the file system lacks the flag. */
static bool rename_is_unknown(int errnum)
{
	return errnum == EINVAL || errnum == ENOSYS;
}

/* ---- What came out of LINK's directory in exchange for an entry, and goes ---- */

static int discard_visit(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	const struct passage *passage = arg;

	if (!entry->facts.is_mount && manifest_has(&passage->placing->before, entry->path, entry->facts.mode))
		return 0;
	return target_is_foreign(passage->placing->place, entry->path,
				 "appeared meanwhile, and was not made by a publication; move it away", error);
}

/* Nobody can reach it any more by its path, so what is found in it now is all there is. */
static int passage_check_discarded(struct passage *passage, int own_fd, const char *name, struct atomicdir_error *error)
{
	struct walk walk = { .visit = discard_visit, .arg = passage, .path = passage->path.text, .may_lend = true };
	cleanup_fd int fd = open_lending_at(own_fd, name, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : target_fail(passage->placing->place, passage->path.text,
					     "cannot open the directory that was replaced at", error);
	return tree_walk(&walk, fd, error);
}

static int passage_discard(struct passage *passage, struct pair pair, const char *name)
{
	struct atomicdir_error later, *error, why;

	error_clear(&why);
	if (passage_check_discarded(passage, pair.own_fd, name, &why) == 0 && tree_remove_at(pair.own_fd, name, &why) == 0)
		return 0;
	error = passage_error(passage, &later);
	*error = why;
	/* What is foreign goes back to where it was. */
	if (why.errnum == EEXIST && passage_rename(pair, name, RENAME_EXCHANGE) < 0)
		error_append(error, "it is in the store now, in '%s'", passage->placing->place->name.store_path);
	return -1;
}

/* ---- What goes without a successor ---- */

/* What is not there, or has another type than ours had, is left alone. */
static int passage_remove_at(int parent_fd, const char *name, mode_t mode)
{
	struct lending lending;
	struct tree_entry facts;
	int done, errnum;

	if (tree_look(parent_fd, name, &facts) < 0)
		return errno == ENOENT ? 0 : -1;
	if ((facts.mode & S_IFMT) != (mode & S_IFMT))
		return 0;
	if (lending_begin(&lending, parent_fd) < 0)
		lending = (struct lending){ .fd = -1 };
	done = unlinkat(parent_fd, name, S_ISDIR(mode) ? AT_REMOVEDIR : 0);
	errnum = errno;
	lending_end(&lending);
	errno = errnum;
	return done == 0 || errno == ENOENT ? 0 : -1;
}

static int passage_remove(struct passage *passage, const struct manifest_entry *entry)
{
	const char *name;
	cleanup_fd int parent_fd = tree_open_parent(passage->placing->place->parent_fd, entry->path, &name);

	if (parent_fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (parent_fd >= 0 && passage_remove_at(parent_fd, name, entry->mode) == 0)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return passage_meets_foreign(
			passage, entry->path,
			"cannot be removed: it holds entries that were not made by a publication; move them away");
	return passage_fail(passage, entry->path, "cannot remove");
}

/* What a directory holds comes before it. `below`: only what is below this path; NULL: all. */
static void passage_remove_vanished(struct passage *passage, const char *below)
{
	const struct manifest *before = &passage->placing->before;
	size_t size = below ? strlen(below) : 0;

	for (size_t i = before->count; i-- > 0;) {
		const struct manifest_entry *entry = &before->entries[i];

		if (below && (strncmp(entry->path, below, size) != 0 || entry->path[size] != '/'))
			continue;
		if (!manifest_has(&passage->placing->now, entry->path, entry->mode))
			passage_remove(passage, entry);
	}
}

/* ---- Placing ---- */

static int passage_directory(struct passage *passage, struct pair pair);

/* Network and FUSE file systems are known to report an error for a rename that has happened. errno stays. */
static bool passage_has_moved(struct pair pair, const char *name)
{
	int saved = errno;
	bool has_moved = !exists_at(pair.own_fd, name) && errno == ENOENT && exists_at(pair.link_fd, name);

	errno = saved;
	return has_moved;
}

static int passage_add(struct passage *passage, struct pair pair, const char *name)
{
	const char *path = passage->path.text;
	int done = passage_rename(pair, name, RENAME_NOREPLACE), errnum = errno;

	if (done < 0 && rename_is_unknown(errnum) && !exists_at(pair.link_fd, name)) {
		done = passage_rename(pair, name, 0);
		errnum = errno;
	}
	if (done == 0 || passage_has_moved(pair, name))
		return 0;
	if (exists_at(pair.link_fd, name))
		return passage_meets_foreign(passage, path, "appeared meanwhile, and was not made by a publication; it stays");
	errno = errnum;
	return passage_fail(passage, path, "cannot put the new entry in place at");
}

/* Names of one inode are to be names of one inode again: if their number is another, each of them is replaced. */
static bool passage_is_linked_alike(const struct tree_entry *own, const struct tree_entry *link)
{
	return own->links < 2 || own->links == link->links || own->inode == link->inode;
}

/* What cannot be compared is not the same. */
static bool passage_is_same(struct passage *passage, struct pair pair, const char *name)
{
	struct leaves leaves = { .a_dir = pair.link_fd, .b_dir = pair.own_fd, .name = name };

	return passage->comparison && tree_look(pair.own_fd, name, &leaves.b) == 0 &&
	       compare_leaves(passage->comparison, &leaves) == 1 && passage_is_linked_alike(&leaves.b, &leaves.a);
}

/* A file or symlink of ours is replaced by one. */
static int passage_replace(struct passage *passage, struct pair pair, const char *name)
{
	const char *path = passage->path.text;

	if (passage_is_same(passage, pair, name))
		return unlinkat(pair.own_fd, name, 0) == 0 ? 0
							   : passage_fail(passage, path, "cannot remove the unchanged copy of");
	if (passage_rename(pair, name, 0) == 0 || passage_has_moved(pair, name))
		return 0;
	return passage_fail(passage, path, "cannot replace");
}

/* A directory takes the place of a file, or the other way round. */
static int passage_exchange(struct passage *passage, struct pair pair, const char *name, bool is_directory)
{
	const char *path = passage->path.text;

	if (passage_rename(pair, name, RENAME_EXCHANGE) == 0)
		return passage_discard(passage, pair, name);
	if (!rename_is_unknown(errno))
		return passage_fail(passage, path, "cannot exchange for the new entry");
	/* The file system cannot exchange two entries: for a moment there is none. */
	if (!is_directory)
		passage_remove_vanished(passage, path);
	if (unlinkat(pair.link_fd, name, is_directory ? 0 : AT_REMOVEDIR) < 0 && errno != ENOENT)
		return passage_fail(passage, path, "cannot remove");
	return passage_add(passage, pair, name);
}

/* Owner and attributes; the mode is set when all is in place. */
static int directory_take_facts(int own_fd, int link_fd)
{
	cleanup_attributes struct attributes wanted = { 0 }, now = { 0 };
	const char *failed;
	struct stat own, link;
	size_t lost = 0;

	if (fstat(own_fd, &own) < 0 || fstat(link_fd, &link) < 0 || attributes_read(own_fd, &wanted) < 0 ||
	    attributes_read(link_fd, &now) < 0)
		return -1;
	if ((own.st_uid != link.st_uid || own.st_gid != link.st_gid) && fchown(link_fd, own.st_uid, own.st_gid) < 0)
		return -1;
	if (attributes_are_same(&wanted, &now))
		return 0;
	for (size_t i = 0; i < now.count; i++)
		if (!attributes_find(&wanted, now.items[i].name) && attribute_remove(link_fd, now.items[i].name) < 0)
			return -1;
	return attributes_write(link_fd, &wanted, &lost, &failed);
}

/* Both are directories of ours: what the new one holds is placed, then it goes. */
static int passage_merge(struct passage *passage, struct pair pair, const char *name)
{
	cleanup_fd int own = open_lending_at(pair.own_fd, name, O_RDONLY | O_DIRECTORY);
	cleanup_fd int link = open_lending_at(pair.link_fd, name, O_RDONLY | O_DIRECTORY);
	struct lending own_lending = { .fd = -1 }, link_lending = { .fd = -1 };
	int done = -1;

	if (own < 0 || link < 0)
		passage_fail(passage, passage->path.text, "cannot open the directory");
	else if (directory_take_facts(own, link) < 0)
		passage_fail(passage, passage->path.text, "cannot set the owner and attributes of the directory");
	else if (lending_begin(&own_lending, own) < 0 || lending_begin(&link_lending, link) < 0)
		passage_fail(passage, passage->path.text, "cannot write in the directory");
	else
		done = passage_directory(passage, (struct pair){ own, link });
	lending_end(&link_lending);
	if (done == 0 && unlinkat(pair.own_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	lending_end(&own_lending);
	return done < 0 ? -1 : passage_fail(passage, passage->path.text, "cannot remove the emptied copy of");
}

static int passage_entry(struct passage *passage, struct pair pair, const char *name)
{
	const struct placing *placing = passage->placing;
	const char *path = passage->path.text;
	struct tree_entry own, there;

	if (tree_look(pair.own_fd, name, &own) < 0)
		return passage_fail(passage, path, "cannot examine what is to become");
	if (!manifest_has(&placing->now, path, own.mode))
		return passage_discard(passage, pair, name);
	if (tree_look(pair.link_fd, name, &there) < 0)
		return errno == ENOENT ? passage_add(passage, pair, name) : passage_fail(passage, path, "cannot examine");
	/* After a power cut both names may be on disk of a rename (btrfs), or both were links to one file from the start. */
	if (!S_ISDIR(own.mode) && own.device == there.device && own.inode == there.inode)
		return unlinkat(pair.own_fd, name, 0) == 0 ? 0 : passage_fail(passage, path, "cannot remove the other name of");
	if (!manifest_has(&placing->before, path, there.mode))
		return passage_meets_foreign(passage, path, "appeared meanwhile, and was not made by a publication; it stays");
	if (S_ISDIR(own.mode) && S_ISDIR(there.mode))
		return passage_merge(passage, pair, name);
	if (S_ISDIR(own.mode) != S_ISDIR(there.mode))
		return passage_exchange(passage, pair, name, S_ISDIR(own.mode));
	return passage_replace(passage, pair, name);
}

static int passage_directory(struct passage *passage, struct pair pair)
{
	cleanup_names struct tree_names names = { 0 };
	size_t size = passage->path.size;
	int done = 0;

	if (tree_names_read(pair.own_fd, false, &names) < 0)
		return passage_fail(passage, size ? passage->path.text : "", "cannot read the new directory of");
	for (size_t i = 0; i < names.count; i++) {
		if (tree_path_push(&passage->path, names.names[i]) < 0)
			return passage_fail(passage, "", "cannot publish in");
		if (passage_entry(passage, pair, names.names[i]) < 0)
			done = -1;
		tree_path_pop(&passage->path, size);
	}
	return done;
}

/* ---- The modes of directories ---- */

static int directory_set_mode(const struct placing *placing, const struct manifest_entry *entry)
{
	const char *name;
	cleanup_fd int parent_fd = tree_open_parent(placing->place->parent_fd, entry->path, &name), fd = -1;
	struct tree_entry facts;

	if (parent_fd < 0 || tree_look(parent_fd, name, &facts) < 0)
		return -1;
	if (!S_ISDIR(facts.mode) || (facts.mode & 07777) == (entry->mode & 07777))
		return 0;
	fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? -1 : fchmod(fd, entry->mode & 07777);
}

/* Also where nothing else changed in one: a writer that died may have left rights that were lent to its owner. */
static void passage_set_modes(struct passage *passage)
{
	const struct manifest *now = &passage->placing->now;

	for (size_t i = 0; i < now->count; i++)
		if (S_ISDIR(now->entries[i].mode) && directory_set_mode(passage->placing, &now->entries[i]) < 0)
			passage_fail(passage, now->entries[i].path, "cannot set the mode of the directory");
}

int placing_run(const struct placing *placing, struct atomicdir_error *error)
{
	static const struct compare how = { 0 };
	struct passage passage = { .placing = placing, .first = error, .comparison = comparison_new(&how) };

	passage_directory(&passage, (struct pair){ placing->top_fd, placing->place->parent_fd });
	/* What could not be placed may be waiting for the place of something that goes, and readers still find that. */
	if (!passage.has_failed)
		passage_remove_vanished(&passage, NULL);
	if (!passage.has_failed)
		passage_set_modes(&passage);
	tree_path_clear(&passage.path);
	comparison_free(&passage.comparison);
	return passage.has_failed ? -1 : 0;
}

int placing_remove(const struct place *place, const struct manifest *placed, struct atomicdir_error *error)
{
	struct placing placing = { .place = place, .top_fd = -1, .before = *placed };
	struct passage passage = { .placing = &placing, .first = error };

	passage_remove_vanished(&passage, NULL);
	return passage.has_failed ? -1 : 0;
}
