/* SPDX-License-Identifier: ISC
 *
 * Layout `link`: LINK is a symlink `.NAME.atomicdir/000042`, and one rename(2) of a new symlink onto it publishes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/libc.h"
#include "dir/layout.h"
#include "dir/remove.h"
#include "dir/symlink.h"

/* Sets the store's name, visible or not, and says whether `text`, LINK's target, leads into a store of that name. */
static bool link_leads_to(struct place *place, bool is_visible, long name_max, const char *text)
{
	name_store(&place->name, is_visible, name_max);
	return name_parse_link_text(&place->name, text) > 0;
}

static int link_name_store(struct place *place, bool is_visible, long name_max, struct atomicdir_error *error)
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
			place->name.store_path);
	name_store(&place->name, has_visible || (is_visible && !has_hidden), name_max);
	return 0;
}

static int link_find_store(struct place *place, enum place_use use, struct atomicdir_error *error)
{
	struct statfs filesystem;
	long name_max = fstatfs(place->parent_fd, &filesystem) == 0 ? (long)filesystem.f_namelen : 0;

	return link_name_store(place, use == PLACE_TO_MAKE_VISIBLE, name_max, error);
}

static int link_locate(struct place *place, enum place_use use, struct atomicdir_error *error)
{
	if (use != PLACE_TO_READ && place_open_to_write(place, error) < 0)
		return -1;
	return link_find_store(place, use, error);
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

/* ---- The way out: LINK and the live generation trade places in one rename ---- */

/* A reader may have read LINK's target, STORE/N, just before the exchange, and follow it just after. It then finds at STORE/N
 * the old symlink, whose target STORE/N is now relative to the store: STORE/STORE/N. The detour is a symlink there that leads
 * to LINK. */
static int link_make_detour(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE], text[NAME_SIZE + 8];
	cleanup_fd int fd = create_directory_at(place->store_fd, place->name.store, 0711);
	struct stat store;

	name_number(name, number, "");
	snprintf(text, sizeof(text), "../../%s", place->name.base);
	if (fd < 0 || fstat(place->store_fd, &store) < 0 || create_link_at(fd, name, text, store.st_uid, store.st_gid) < 0 ||
	    give_to_owner_of(place->store_fd, fd) < 0)
		return error_system(error, errno, place->name.store_path,
				    "cannot make the temporary symlink for current readers in the store");
	return 0;
}

/* Whether the exchange has happened although the call failed: network and FUSE file systems are known to report that. */
static bool link_is_detached(const struct place *place, const struct live *live)
{
	struct stat open;
	struct live now;

	return fstat(live->fd, &open) == 0 && live_look(place, &now) == 0 && now.stands == STANDS_DIRECTORY &&
	       now.device == open.st_dev && now.inode == open.st_ino;
}

/* The rename changes the directory's "..", which needs its owner's write bit. A crash in between leaves that bit set. */
static int link_exchange(const struct place *place, const struct live *live)
{
	struct lending lending = { .fd = -1 };
	char name[NAME_NUMBER_SIZE];
	int done, errnum;

	name_number(name, live->number, "");
	done = renameat2(place->store_fd, name, place->parent_fd, place->name.base, RENAME_EXCHANGE);
	if (done < 0 && errno == EACCES && lending_begin(&lending, live->fd) == 0)
		done = renameat2(place->store_fd, name, place->parent_fd, place->name.base, RENAME_EXCHANGE);
	errnum = errno;
	lending_end(&lending);
	if (done < 0 && link_is_detached(place, live))
		return 0;
	errno = errnum;
	return done;
}

static int link_detach(const struct place *place, const struct live *live, struct atomicdir_error *error)
{
	const char *link = place->name.link;

	if (link_make_detour(place, live->number, error) < 0)
		return -1;
	if (link_exchange(place, live) == 0)
		return 0;
	if (errno == EBUSY)
		return error_system(error, errno, link, "cannot detach the mount point");
	if (errno != EINVAL && errno != ENOSYS && errno != EXDEV)
		return error_system(error, errno, link, "cannot exchange the symlink for the directory");
	error_system(error, errno, link, "cannot detach");
	error_append(error, "this file system cannot exchange a symlink for a directory; copy the live generation, remove "
			    "the symlink, and move the copy there instead");
	return -1;
}

const struct layout layout_link = {
	.kind = ATOMICDIR_LAYOUT_LINK,
	.name = "link",
	.keep = 1,
	.grace_ms = 1000,
	.locate = link_locate,
	.find_store = link_find_store,
	.look = symlink_look,
	.reserves = link_reserves,
	.recover = link_recover,
	.detached = STANDS_DIRECTORY,
	.detach = link_detach,
	.swap = {
		.prepare = symlink_prepare,
		.forget = symlink_forget,
		.swap = symlink_swap,
		.make_durable = symlink_make_durable,
	},
};
