/* SPDX-License-Identifier: ISC
 *
 * Layout `volume`, as the kubelet makes one for a ConfigMap: LINK is a directory D that stays what it is, a mount point perhaps. What is
 * swapped is D/..data, a symlink to ..atomicdir/000042, and for each NAME at the top of the live generation there is a symlink
 *
 *	D/NAME -> ..data/NAME
 *
 * A name appears only when there is data behind it, and vanishes only when nobody can come to it by the new data: while the swap is
 * under way a name that is on one side only leads to that generation itself.
 *
 *	step			a name that is new			a name that vanishes
 *	announce		NAME -> ..atomicdir/NEW/NAME		NAME -> ..atomicdir/OLD/NAME
 *	the swap of ..data
 *	mend			NAME -> ..data/NAME			unlinked
 *
 * A symlink that is exactly of one of these forms, under that very NAME, is ours. Nothing else is ever replaced or removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/libc.h"
#include "dir/inside.h"
#include "dir/layout.h"
#include "dir/part.h"
#include "dir/symlink.h"
#include "dir/sync.h"
#include "dir/volume_names.h"
#include "dir/volume_trade.h"

/* ---- Where it is ---- */

/* A store with neither of these nor the layout files' symlink is that of a first fill that died. */
static enum at volume_is_at(const struct place *place)
{
	int has_store = inside_has(place, VOLUME_STORE, S_IFDIR);
	int has_data = has_store > 0 ? inside_has(place, VOLUME_DATA, S_IFLNK) : 0;
	int is_adopted = has_store > 0 && !has_data ? inside_has(place, VOLUME_STORE "/" VOLUME_ADOPTED, S_IFDIR) : 0;

	if (has_store < 0 || has_data < 0 || is_adopted < 0)
		return AT_UNKNOWN;
	if (has_data || is_adopted)
		return AT_CERTAINLY;
	return has_store ? AT_PERHAPS : AT_NOT;
}

static int volume_locate(struct place *place, enum place_use use, struct atomicdir_error *error)
{
	return inside_locate(place, use, VOLUME_DATA, "volume", error);
}

/* Never replaces what is there. */
static int name_make(const struct volume_names *names, const char *name, int64_t number, struct atomicdir_error *error)
{
	char text[VOLUME_TEXT_SIZE];

	volume_name_text(name, number, text);
	if (create_link_at(names->place->parent_fd, name, text, names->owner.st_uid, names->owner.st_gid) == 0)
		return 0;
	if (errno == EEXIST)
		return volume_name_is_taken(names->place, name, error);
	return volume_name_fail(names->place, name, "cannot make the symlink", error);
}

/* By rename(2), so that the name is there at every moment. It was looked at just before. */
static int name_turn(const struct volume_names *names, const char *name, int64_t number, struct atomicdir_error *error)
{
	const struct place *place = names->place;
	char text[VOLUME_TEXT_SIZE];

	volume_name_text(name, number, text);
	if (create_link_at(place->store_fd, NAME_TURNED, text, names->owner.st_uid, names->owner.st_gid) == 0 &&
	    renameat(place->store_fd, NAME_TURNED, place->parent_fd, name) == 0)
		return 0;
	volume_name_fail(place, name, "cannot change the symlink", error);
	unlinkat(place->store_fd, NAME_TURNED, 0);
	return -1;
}

/* ---- The steps ---- */

static int check_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	enum name_stands stands = is_needed ? volume_name_look(names->place, name) : NAME_ABSENT;

	if (stands == NAME_UNKNOWN)
		return volume_name_fail(names->place, name, "cannot examine", error);
	return stands == NAME_FOREIGN ? volume_name_is_taken(names->place, name, error) : 0;
}

/* Such a directory's symlinks are followed by their owner alone, and those of the directory's owner by everybody (proc(5)). */
static void volume_warn_of_strangers(const struct volume_names *names, struct atomicdir_error *warning)
{
	struct stat volume;

	if (fstat(names->place->parent_fd, &volume) < 0 || !(volume.st_mode & S_ISVTX) || !(volume.st_mode & S_IWOTH) ||
	    volume.st_uid == names->owner.st_uid)
		return;
	error_warn(warning, 0, names->place->name.link,
		   "only user %u can follow the symlinks (fs.protected_symlinks), since all may write, with the sticky bit, in",
		   names->owner.st_uid);
}

static int volume_open_generation(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	int fd = place_open_generation(place, number);

	return fd < 0 ? error_system(error, errno, place->name.link, "cannot open the new generation of") : fd;
}

static int volume_prepare(const struct place *place, int64_t number, struct atomicdir_error *warning,
			  struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };
	cleanup_fd int fd = volume_open_generation(place, number, error);

	if (fd < 0 || volume_names_read(&names, place, fd, error) < 0 || volume_names_each(&names, check_name, error) < 0)
		return -1;
	volume_warn_of_strangers(&names, warning);
	return symlink_prepare(place, number, warning, error);
}

static int announce_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	enum name_stands stands = volume_name_look(names->place, name);

	if (is_needed)
		return stands == NAME_ABSENT ? name_make(names, name, names->new, error)
					     : check_name(names, name, is_needed, error);
	return stands == NAME_OURS && names->old ? name_turn(names, name, names->old, error) : 0;
}

static int volume_announce(const struct place *place, int64_t number, const struct live *before, bool by_file,
			   struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };
	cleanup_fd int fd = volume_open_generation(place, number, error);

	if (is_broken("names-after-swap"))
		return 0;
	if (fd < 0 || volume_names_read(&names, place, fd, error) < 0)
		return -1;
	names.new = number;
	names.old = before->number;
	if (volume_names_each(&names, announce_name, error) < 0)
		return -1;
	if (!by_file)
		return 0;
	if (sync_fd(place->parent_fd, place->name.link, error) < 0)
		return -1;
	return before->number ? 0 : inside_sync_outer(place, error);
}

static int mend_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	enum name_stands stands = volume_name_look(names->place, name);

	switch (stands) {
	case NAME_UNKNOWN:
		return is_needed ? volume_name_fail(names->place, name, "cannot examine", error) : 0;
	case NAME_ABSENT:
		return is_needed ? name_make(names, name, 0, error) : 0;
	case NAME_FOREIGN:
		return is_needed ? volume_name_is_taken(names->place, name, error) : 0;
	default:
		break;
	}
	if (is_needed)
		return stands == NAME_OURS ? 0 : name_turn(names, name, 0, error);
	if (unlinkat(names->place->parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return volume_name_fail(names->place, name, "cannot remove the symlink", error);
}

static int volume_mend(const struct place *place, int64_t number, int top_fd, struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };

	(void)number;
	if (volume_attach(place, top_fd, error) < 0 || volume_names_read(&names, place, top_fd, error) < 0)
		return -1;
	return volume_names_each(&names, mend_name, error);
}

static void volume_recover(const struct place *place)
{
	unlinkat(place->store_fd, NAME_NEXT, 0);
	unlinkat(place->store_fd, NAME_TURNED, 0);
}

const struct layout layout_volume = {
	.kind = ATOMICDIR_LAYOUT_VOLUME,
	.name = "volume",
	.keep = 0,
	.grace_ms = 100,
	.waits_out_grace = true,
	.is_at = volume_is_at,
	.locate = volume_locate,
	.look = symlink_look,
	.reserves = inside_reserves,
	.recover = volume_recover,
	.mend = volume_mend,
	.swap = {
		.prepare = volume_prepare,
		.announce = volume_announce,
		.forget = symlink_forget,
		.swap = symlink_swap,
		.make_durable = symlink_make_durable,
	},
	.detached = STANDS_NOTHING,
	.detach = volume_detach,
	.leave = volume_leave,
	.adoption = &volume_adoption,
	.finish_adoption = volume_finish_adoption,
	.settle = volume_settle,
};
