/* SPDX-License-Identifier: ISC
 *
 * Layout `link`: LINK is a symlink `.NAME.atomicdir/000042`, and one rename(2) of a new symlink onto it publishes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "dir/layout.h"
#include "dir/remove.h"
#include "dir/sync.h"

/* Sets the store's name, visible or not, and says whether `text`, LINK's target, leads into a store of that name. */
static bool link_leads_to(struct place *place, bool is_visible, long name_max, const char *text)
{
	name_store(&place->name, is_visible, name_max);
	return name_parse_link_text(&place->name, text) > 0;
}

static int link_locate(struct place *place, bool is_visible, long name_max, struct atomicdir_error *error)
{
	bool has_visible, has_hidden;
	char text[PATH_MAX];
	ssize_t size = readlinkat(place->parent_fd, place->name.base, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = '\0';
	if (link_leads_to(place, false, name_max, text) || link_leads_to(place, true, name_max, text))
		return 0;
	has_visible = exists_at(place->parent_fd, place->name.store);
	name_store(&place->name, false, name_max);
	has_hidden = exists_at(place->parent_fd, place->name.store);
	if (has_visible && has_hidden)
		return error_object(
			error, ATOMICDIR_FAILED, place->name.link,
			"has two stores, '%s' and one of the same name without the dot, and leads to neither; remove the wrong one",
			place->name.store);
	name_store(&place->name, has_visible || (is_visible && !has_hidden), name_max);
	return 0;
}

static int link_look(const struct place *place, struct live *live)
{
	struct stat status;
	ssize_t size;

	if (fstatat(place->parent_fd, place->name.base, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	live->device = status.st_dev;
	live->inode = status.st_ino;
	live->stands = S_ISDIR(status.st_mode) ? STANDS_DIRECTORY : STANDS_OTHER;
	if (!S_ISLNK(status.st_mode))
		return 0;
	size = readlinkat(place->parent_fd, place->name.base, live->text, sizeof(live->text) - 1);
	if (size < 0)
		return -1;
	live->text[size] = '\0';
	live->named = name_parse_link_text(&place->name, live->text);
	live->stands = live->named ? STANDS_OURS : STANDS_SYMLINK;
	return 0;
}

static bool link_reserves(const char *name)
{
	return strcmp(name, NAME_WAKE) == 0;
}

/* Removes the new symlink of a publication, and the detour of a detach (detach.c), that were not used. */
static void link_recover(const struct place *place)
{
	struct atomicdir_error ignored;

	unlinkat(place->store_fd, NAME_NEXT, 0);
	tree_remove_at(place->store_fd, place->name.store, &ignored);
}

static void link_forget(const struct place *place, int64_t number)
{
	(void)number;
	unlinkat(place->store_fd, NAME_NEXT, 0);
}

/* LINK belongs to whom the generation's top directory belongs: in a sticky directory that all may write to only such a symlink
 * is followed by its readers (fs.protected_symlinks, proc(5)). */
static int link_make(const struct place *place, int64_t number, int directory_fd, const char *name)
{
	char text[NAME_SIZE + NAME_NUMBER_SIZE], top[NAME_NUMBER_SIZE];
	struct stat status;

	name_number(top, number, "");
	name_link_text(&place->name, number, text, sizeof(text));
	if (fstatat(place->store_fd, top, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return create_link_at(directory_fd, name, text, status.st_uid, status.st_gid);
}

static int link_prepare(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	if (link_make(place, number, place->store_fd, NAME_NEXT) < 0)
		return error_system(error, errno, place->name.store, "cannot make the new symlink in the store");
	return 0;
}

/* After a failed rename, looks whether it has happened all the same: network and FUSE file systems are known to report that. */
static enum outcome link_look_after_failure(const struct place *place, int64_t number, int errnum, const char *what,
					    struct atomicdir_error *error)
{
	struct live now = LIVE_INIT;

	if (link_look(place, &now) < 0) {
		error_system(error, errnum, place->name.link, "%s", what);
		return OUTCOME_IN_DOUBT;
	}
	if (now.stands == STANDS_OURS && now.named == number)
		return OUTCOME_PUBLISHED;
	error_system(error, errnum, place->name.link, "%s", what);
	return OUTCOME_NOT_PUBLISHED;
}

static enum outcome link_create(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	if (renameat2(place->store_fd, NAME_NEXT, place->parent_fd, place->name.base, RENAME_NOREPLACE) == 0)
		return OUTCOME_PUBLISHED;
	if (errno != EINVAL && errno != ENOSYS)
		return link_look_after_failure(place, number, errno, "cannot put the new symlink in place at", error);
	/* The file system lacks RENAME_NOREPLACE; symlinkat(2) does not replace an existing name either. */
	if (link_make(place, number, place->parent_fd, place->name.base) < 0)
		return link_look_after_failure(place, number, errno, "cannot make the symlink", error);
	unlinkat(place->store_fd, NAME_NEXT, 0);
	return OUTCOME_PUBLISHED;
}

static enum outcome link_swap(const struct place *place, int64_t number, const struct live *before,
			      struct atomicdir_error *error)
{
	struct live now = LIVE_INIT;

	if (link_look(place, &now) < 0)
		return (enum outcome)error_system(error, errno, place->name.link, "cannot examine");
	if (!live_is_same(&now, before))
		return (enum outcome)error_object(error, ATOMICDIR_FAILED, place->name.link,
						  "was changed by another process meanwhile; nothing was published");
	if (before->stands == STANDS_NOTHING)
		return link_create(place, number, error);
	/* Not RENAME_EXCHANGE: watchers of the parent would see a removal. */
	if (renameat(place->store_fd, NAME_NEXT, place->parent_fd, place->name.base) < 0)
		return link_look_after_failure(place, number, errno, "cannot replace the symlink", error);
	return OUTCOME_PUBLISHED;
}

static int link_make_durable(const struct place *place, struct atomicdir_error *error)
{
	return sync_fd(place->parent_fd, place->name.parent, error);
}

const struct layout layout_link = {
	.kind = ATOMICDIR_LAYOUT_LINK,
	.keep = 1,
	.grace_ms = 1000,
	.locate = link_locate,
	.look = link_look,
	.reserves = link_reserves,
	.recover = link_recover,
	.swap = {
		.prepare = link_prepare,
		.forget = link_forget,
		.swap = link_swap,
		.make_durable = link_make_durable,
	},
};
