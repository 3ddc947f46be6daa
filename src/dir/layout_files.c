/* SPDX-License-Identifier: ISC
 *
 * Layout `files`: LINK is a real directory D, a mount point perhaps, in which each file is replaced by itself. It is atomic for each file,
 * not for the set: while a publication is under way, readers find some new files and some old ones.
 *
 * D may hold entries of others. Those of the live generation are named by its manifest, D/..atomicdir/N.files (manifest.h). Which
 * generation that is, is told by a symlink in the store, `live` -> N, which is what is swapped. Once it leads to N there is no way back:
 * whatever happens, the entries that still lie in the generation's own directory D/..atomicdir/N are moved to D, by the next writer if need
 * be. So nothing may be moved before the swap is on disk.
 *
 *	step						a crash just after it leaves
 *	N is filled and sealed; N.files, N.info.new;	a directory without N.info, which the next writer removes
 *	`next` -> N
 *	the first barrier				the same, on disk
 *	`next` becomes `live`				the swap, perhaps not on disk: nothing was moved, so old or new are as good
 *	the store is synced				D as it was; the next writer goes on here, since N.info.new is there
 *	entries are moved from N to D:			each file old or new, whole; what is still in N the next writer moves
 *		one that is the same is removed from N	it stays in D, with its inode, and nobody who watches D is told
 *		one that differs replaces the old one	(rename(2))
 *		one that is new is put where none is	(RENAME_NOREPLACE; a directory with all that is in it)
 *		a directory for a file, or a file for	both in one step (RENAME_EXCHANGE); the old one lies in N, where it has another type
 *		a directory				than the manifest says: that is how it is known for something that goes
 *	what only the older manifest names goes		less of it
 *	the modes of directories			some that are still as before
 *	every directory that was changed is synced	all of it, also after a power cut; done once more by the next writer
 *	N.info.new becomes N.info			an empty N, and what is left of the generation before, which the next writer removes
 *
 * What has appeared in D meanwhile, in the way of what is to be placed, stays: the publication is unfinished (OUTCOME_IN_DOUBT), and N
 * keeps what could not be placed. The next publication takes for its own what is placed of both generations (placed.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/inside.h"
#include "dir/layout.h"
#include "dir/part.h"
#include "dir/placed.h"
#include "dir/placing.h"
#include "dir/symlink.h"
#include "dir/sync.h"
#include "dir/targets.h"

#define LIVE INSIDE_STORE "/live"

static enum at files_is_at(const struct place *place)
{
	int has_store = inside_has(place, INSIDE_STORE, S_IFDIR),
	    has_live = has_store > 0 ? inside_has(place, LIVE, S_IFLNK) : 0;

	if (has_store <= 0 || has_live < 0)
		return has_store ? AT_UNKNOWN : AT_NOT;
	return has_live ? AT_CERTAINLY : AT_PERHAPS;
}

static int files_locate(struct place *place, enum place_use use, struct atomicdir_error *error)
{
	if (inside_locate(place, use, LIVE, "directory of files", error) < 0)
		return -1;
	place->name.is_in_store = true;
	return 0;
}

static void files_recover(const struct place *place)
{
	unlinkat(place->store_fd, NAME_NEXT, 0);
}

/* ---- The steps ---- */

static int files_write_manifest(const struct place *place, int64_t number, int top_fd, struct manifest *now,
				struct atomicdir_error *error)
{
	if (manifest_gather(now, top_fd, error) < 0)
		return -1;
	if (manifest_write(place, number, now) < 0)
		return error_system(error, errno, place->name.link, "cannot write the manifest of the new generation of");
	return 0;
}

static int files_prepare(const struct place *place, int64_t number, struct atomicdir_error *warning,
			 struct atomicdir_error *error)
{
	cleanup_manifest struct manifest now = { 0 }, before = { 0 };
	cleanup_fd int top_fd = place_open_generation(place, number);

	if (top_fd < 0)
		return error_system(error, errno, place->name.link, "cannot open the new generation of");
	if (files_write_manifest(place, number, top_fd, &now, error) < 0 ||
	    placed_read_before(place, number, &before, error) < 0 || targets_check(place, top_fd, &now, &before, error) < 0)
		return -1;
	return symlink_prepare(place, number, warning, error);
}

static int files_announce(const struct place *place, int64_t number, const struct live *before, bool by_file,
			  struct atomicdir_error *error)
{
	(void)number;
	return by_file && !before->number ? inside_sync_outer(place, error) : 0;
}

static int files_decide(const struct place *place, struct atomicdir_error *error)
{
	return sync_fd(place->store_fd, place->name.store_path, error);
}

static int files_mend(const struct place *place, int64_t number, int top_fd, struct atomicdir_error *error)
{
	struct placing placing = { .place = place, .top_fd = top_fd };
	int done = -1;

	if (!number || !part_may_exist(place->store_fd, number, PART_INFO_NEW))
		return 0;
	if (manifest_read(place, number, &placing.now) < 0)
		error_system(error, errno, place->name.link, "cannot read the manifest of the new generation of");
	else if (placed_read_before(place, number, &placing.before, error) == 0)
		done = placing_run(&placing, error);
	manifest_clear(&placing.now);
	manifest_clear(&placing.before);
	return done;
}

static int files_make_durable(const struct place *place, int64_t number, enum sync_way way, struct atomicdir_error *error)
{
	cleanup_manifest struct manifest placed = { 0 };

	if (way == SYNC_WAY_FS)
		return sync_filesystem(place->parent_fd, error);
	if (placed_read(place, number, &placed, error) < 0)
		return -1;
	return sync_placed(place->parent_fd, &placed, false, error);
}

/* ---- The ways out ---- */

static int files_clear(const struct place *place, const struct live *live, struct atomicdir_error *error)
{
	cleanup_manifest struct manifest placed = { 0 };

	return placed_read(place, live->number, &placed, error) < 0 ? -1 : placing_remove(place, &placed, error);
}

/* The files are where they are to stay. */
static int files_detach(const struct place *place, const struct live *live, struct atomicdir_error *error)
{
	(void)place;
	(void)live;
	(void)error;
	return 0;
}

static int files_leave(const struct place *place, const struct live *live, bool has_disk, struct atomicdir_error *error)
{
	(void)live;
	if (unlinkat(place->parent_fd, LIVE, 0) < 0 && errno != ENOENT)
		return error_system(error, errno, place->name.swapped, "cannot remove the symlink");
	return has_disk ? sync_fd(place->store_fd, place->name.store_path, error) : 0;
}

const struct layout layout_files = {
	.kind = ATOMICDIR_LAYOUT_FILES,
	.name = "files",
	.keep = 0,
	.grace_ms = 0,
	.moves_entries = true,
	.is_at = files_is_at,
	.locate = files_locate,
	.look = symlink_look,
	.reserves = inside_reserves,
	.recover = files_recover,
	.mend = files_mend,
	.swap = {
		.prepare = files_prepare,
		.announce = files_announce,
		.forget = symlink_forget,
		.swap = symlink_swap,
		.decide = files_decide,
		.make_durable = files_make_durable,
	},
	.clear = files_clear,
	.detached = STANDS_NOTHING,
	.detach = files_detach,
	.leave = files_leave,
};
