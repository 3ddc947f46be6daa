/* SPDX-License-Identifier: ISC */
#include "dir/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lend.h"
#include "base/attributes.h"
#include "dir/copy.h"
#include "dir/name.h"

/* ---- Modes of directories, recorded while the stage is filled ---- */

int seal_modes_add(struct seal_modes *modes, const struct tree_entry *directory, mode_t mode)
{
	struct seal_mode *added = array_add(&modes->items, &modes->count, sizeof(*added));

	if (!added)
		return -1;
	*added = (struct seal_mode){ directory->inode, directory->born, modes->count, mode };
	return 0;
}

void seal_modes_clear(struct seal_modes *modes)
{
	free_pointer(&modes->items);
	modes->count = 0;
}

static int seal_modes_compare(const void *a, const void *b)
{
	const struct seal_mode *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static const struct seal_mode *seal_modes_find(const struct seal_modes *modes, const struct tree_entry *directory)
{
	size_t low = 0, high = modes ? modes->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (modes->items[middle].inode < directory->inode)
			low = middle + 1;
		else
			high = middle;
	}
	/* Another time of birth: the recorded directory was removed, and this new one got its inode number. */
	for (; modes && low < modes->count && modes->items[low].inode == directory->inode; low++)
		if (clock_is_same(modes->items[low].born, directory->born))
			return &modes->items[low];
	return NULL;
}

/* ---- First pass: refuses what cannot be published ---- */

/* A file or symlink with several hard links, and how many of them the walk has met. All are on one device. */
struct shared {
	ino_t inode;
	nlink_t links, met;
};

struct sealing {
	int top_fd;
	uint64_t mount;
	const struct seal_rules *rules;
	bool has_work; /* for the second pass */
	struct tree_count *count;
	struct shared *shared;
	size_t shared_count;
};

static int shared_meet(struct sealing *sealing, const struct tree_entry *entry)
{
	struct shared *added;

	if (!sealing->has_work || entry->links < 2)
		return 0;
	added = array_add(&sealing->shared, &sealing->shared_count, sizeof(*added));
	if (!added)
		return -1;
	*added = (struct shared){ entry->inode, entry->links, 1 };
	return 0;
}

static int shared_compare(const void *a, const void *b)
{
	ino_t first = ((const struct shared *)a)->inode, second = ((const struct shared *)b)->inode;

	return (first > second) - (first < second);
}

/* Merges the records of one inode into one, and adds up how many names were met. */
static void shared_gather(struct sealing *sealing)
{
	struct shared *all = sealing->shared;
	size_t kept = 0;

	if (!sealing->shared_count)
		return;
	qsort(all, sealing->shared_count, sizeof(*all), shared_compare);
	for (size_t i = 1; i < sealing->shared_count; i++) {
		if (all[i].inode == all[kept].inode)
			all[kept].met++;
		else
			all[++kept] = all[i];
	}
	sealing->shared_count = kept + 1;
}

static bool shared_is_outside(const struct sealing *sealing, const struct tree_entry *entry)
{
	const struct shared wanted = { .inode = entry->inode }, *found;

	if (S_ISDIR(entry->mode) || entry->links < 2 || !sealing->shared_count)
		return false;
	found = bsearch(&wanted, sealing->shared, sealing->shared_count, sizeof(wanted), shared_compare);
	return found && found->met < found->links;
}

/* An entry's mode once its recorded mode is set. */
static mode_t seal_mode_of(void *arg, const struct tree_entry *entry)
{
	const struct sealing *sealing = arg;
	const struct seal_mode *recorded = S_ISDIR(entry->mode) ? seal_modes_find(sealing->rules->directories, entry) : NULL;

	return recorded ? S_IFDIR | recorded->mode | (entry->mode & S_ISGID) : entry->mode;
}

/* The only change that the first pass makes: a directory's recorded mode, since nothing more will be made in it. */
static int seal_recorded_mode(struct sealing *sealing, const struct walk_entry *entry, struct atomicdir_error *error)
{
	mode_t mode = seal_mode_of(sealing, &entry->facts);

	if (mode == entry->facts.mode || fchmod(entry->fd, mode & 07777) == 0)
		return 0;
	return error_system(error, errno, entry->path, "cannot set the mode of the directory");
}

static int check_enter(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	const struct sealing *sealing = arg;

	(void)error;
	return entry->depth == 1 && sealing->rules->passed_over && strcmp(entry->name, sealing->rules->passed_over) == 0;
}

static int check_entry(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct sealing *sealing = arg;
	const struct tree_entry *facts = &entry->facts;

	if (entry->depth == 1 && sealing->rules->reserves && sealing->rules->reserves(entry->name))
		return error_object(error, ATOMICDIR_FAILED, entry->path, "has a name that is reserved; give it another one");
	if (facts->is_mount || facts->mount != sealing->mount)
		return error_object(error, ATOMICDIR_FAILED, entry->path, "is a mount point, so it cannot be published");
	if (facts->is_fixed)
		return error_object(
			error, ATOMICDIR_FAILED, entry->path,
			"is immutable or append-only, so it could not be removed later; remove that attribute (chattr -ia)");
	if (!S_ISDIR(facts->mode) && shared_meet(sealing, facts) < 0)
		return error_system(error, errno, entry->path, "cannot examine");
	switch (facts->mode & S_IFMT) {
	case S_IFREG:
		sealing->count->files++;
		sealing->count->bytes += facts->size;
		return links_check_script(sealing->rules->links, entry, error);
	case S_IFDIR:
		return seal_recorded_mode(sealing, entry, error);
	case S_IFLNK:
		return links_check(sealing->rules->links, entry, error);
	default:
		return error_object(error, ATOMICDIR_FAILED, entry->path,
				    "is a device, socket or FIFO and cannot be published; remove it, or leave it out");
	}
}

/* ---- Second pass: owners and modes ---- */

/* Replaces a file that has hard links outside the stage by a copy: they may be the live generation's, which must not change.
 * The directory may have its final mode already, without write permission. */
static int seal_part_with(const struct walk_entry *entry, struct atomicdir_error *error)
{
	struct copy_rules rules = { .is_exact = true };
	struct lending lending;
	int done;

	if (lending_begin(&lending, entry->directory_fd) < 0)
		return error_system(error, errno, entry->path, "cannot write in the directory of");
	done = tree_copy_at(entry->directory_fd, entry->name, entry->directory_fd, NAME_COPY, &rules, error);
	if (done < 0)
		error_prefix(error, "cannot copy '%.300s', which has other hard links", entry->path);
	else if (renameat(entry->directory_fd, NAME_COPY, entry->directory_fd, entry->name) < 0) {
		done = error_system(error, errno, entry->path, "cannot replace with its copy");
		unlinkat(entry->directory_fd, NAME_COPY, 0);
	}
	if (lending_end(&lending) < 0 && done == 0)
		done = error_system(error, errno, entry->path, "cannot set the mode of the directory of");
	return done;
}

static mode_t seal_wanted_mode(const struct seal_rules *rules, const struct tree_entry *entry)
{
	if (S_ISREG(entry->mode) && rules->file_mode)
		return rules->file_mode;
	if (S_ISDIR(entry->mode) && rules->dir_mode)
		return rules->dir_mode | (entry->mode & S_ISGID);
	return entry->mode & 07777;
}

static bool seal_has_owner(const struct seal_rules *rules, const struct tree_entry *entry)
{
	return (rules->uid == (uid_t)-1 || rules->uid == entry->uid) && (rules->gid == (gid_t)-1 || rules->gid == entry->gid);
}

/* Whether an option states the entry's mode: then that is exact, and the entry has no ACL. */
static bool seal_states_mode(const struct seal_rules *rules, mode_t mode)
{
	return (S_ISREG(mode) && rules->file_mode) || (S_ISDIR(mode) && rules->dir_mode);
}

/* chown(2) clears the setuid bit and the file's capabilities, so these are set after it. */
static int finish_opened(const struct sealing *sealing, int fd, const struct tree_entry *facts, mode_t mode)
{
	const struct seal_rules *rules = sealing->rules;
	cleanup_attributes struct attributes attributes = { 0 };
	const struct attribute *capability = NULL;
	bool has_owner = seal_has_owner(rules, facts);

	if (!has_owner && S_ISREG(facts->mode) && facts->mode & 0111) {
		if (attributes_read(fd, &attributes) < 0)
			return -1;
		capability = attributes_find(&attributes, ATTRIBUTE_CAPABILITY);
	}
	if (!has_owner && fchown(fd, rules->uid, rules->gid) < 0)
		return -1;
	if (seal_states_mode(rules, facts->mode) && (attribute_remove(fd, ATTRIBUTE_ACL) < 0 ||
						     (S_ISDIR(facts->mode) && attribute_remove(fd, ATTRIBUTE_DEFAULT_ACL) < 0)))
		return -1;
	if ((!has_owner || mode != (facts->mode & 07777)) && fchmod(fd, mode) < 0)
		return -1;
	return capability && fsetxattr(fd, capability->name, capability->value, capability->size, 0) < 0 ? -1 : 0;
}

/* Whether it is as it will be published. A stated mode is exact, so an ACL is to be removed. A file with other hard links is opened for that
 * alone: what is a link to a live file, which has none, must not become a copy. */
static bool finish_is_done(const struct sealing *sealing, const struct walk_entry *entry, mode_t mode)
{
	const struct tree_entry *facts = &entry->facts;

	if (!seal_has_owner(sealing->rules, facts) || mode != (facts->mode & 07777))
		return false;
	return !seal_states_mode(sealing->rules, facts->mode) ||
	       (shared_is_outside(sealing, facts) && !attributes_have_acl(entry->directory_fd, entry->name));
}

static int finish_entry(void *arg, const struct walk_entry *entry, struct atomicdir_error *error)
{
	const struct sealing *sealing = arg;
	const struct seal_rules *rules = sealing->rules;
	struct tree_entry facts = entry->facts;
	mode_t mode = seal_wanted_mode(rules, &facts);
	cleanup_fd int fd = -1;

	if (finish_is_done(sealing, entry, mode))
		return 0;
	if (shared_is_outside(sealing, &facts)) {
		if (seal_part_with(entry, error) < 0)
			return -1;
		if (tree_look(entry->directory_fd, entry->name, &facts) < 0)
			return error_system(error, errno, entry->path, "cannot examine");
	}
	if (S_ISLNK(facts.mode)) {
		if (!seal_has_owner(rules, &facts) &&
		    fchownat(entry->directory_fd, entry->name, rules->uid, rules->gid, AT_SYMLINK_NOFOLLOW) < 0)
			return error_system(error, errno, entry->path, "cannot set the owner of");
		return 0;
	}
	fd = open_lending_at(entry->directory_fd, entry->name, O_RDONLY | O_NONBLOCK);
	if (fd < 0 || finish_opened(sealing, fd, &facts, mode) < 0)
		return error_system(error, errno, entry->path, "cannot set the owner and mode of");
	return 0;
}

static int finish_top(const struct sealing *sealing, struct atomicdir_error *error)
{
	const struct seal_rules *rules = sealing->rules;
	struct top top;

	if (!rules->top)
		return 0;
	top = *rules->top;
	if (rules->uid != (uid_t)-1)
		top.uid = rules->uid;
	if (rules->gid != (gid_t)-1)
		top.gid = rules->gid;
	top.must_own = rules->uid != (uid_t)-1 || rules->gid != (gid_t)-1;
	return top_finish(&top, sealing->top_fd, rules->top_mode, error);
}

bool seal_has_work(const struct seal_rules *rules)
{
	return rules->uid != (uid_t)-1 || rules->gid != (gid_t)-1 || rules->file_mode || rules->dir_mode;
}

/* Both in one walk. The top directory is compared once it is sealed, too. */
static int seal_comparing(struct sealing *sealing, struct atomicdir_error *error)
{
	const struct seal_rules *rules = sealing->rules;
	struct compare compare = *rules->compare;
	int differs;

	compare.is_content_only = true;
	compare.visit = check_entry;
	compare.visited_mode = seal_mode_of;
	compare.visit_arg = sealing;
	differs = tree_compare(&compare, rules->compared_fd, sealing->top_fd, error);
	if (differs < 0 || finish_top(sealing, error) < 0)
		return -1;
	return differs ? 1 : compare_tops(rules->compared_fd, sealing->top_fd, error);
}

static int seal_passes(struct sealing *sealing, struct atomicdir_error *error)
{
	struct walk check = {
		.enter = check_enter, .visit = check_entry, .arg = sealing, .may_lend = true, .stop = sealing->rules->stop
	};
	struct walk finish = { .visit = finish_entry, .arg = sealing, .may_lend = true, .stop = sealing->rules->stop };
	struct seal_modes *modes = sealing->rules->directories;

	if (modes && modes->count)
		qsort(modes->items, modes->count, sizeof(*modes->items), seal_modes_compare);
	if (sealing->rules->compare)
		return seal_comparing(sealing, error);
	if (tree_walk(&check, sealing->top_fd, error) < 0)
		return -1;
	shared_gather(sealing);
	if (sealing->has_work && tree_walk(&finish, sealing->top_fd, error) < 0)
		return -1;
	return finish_top(sealing, error);
}

int tree_seal(int top_fd, const struct seal_rules *rules, struct tree_count *count, struct atomicdir_error *error)
{
	struct sealing sealing = { .top_fd = top_fd, .rules = rules, .count = count, .has_work = seal_has_work(rules) };
	struct tree_entry top;
	int done;

	*count = rules->known ? *rules->known : (struct tree_count){ 0 };
	if (rules->known)
		return finish_top(&sealing, error);
	if (tree_look(top_fd, "", &top) < 0)
		return error_system(error, errno, NULL, "cannot examine the new directory");
	sealing.mount = top.mount;
	done = seal_passes(&sealing, error);
	free(sealing.shared);
	return done;
}
