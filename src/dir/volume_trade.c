/* SPDX-License-Identifier: ISC */
#include "dir/volume_trade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/libc.h"
#include "dir/compare.h"
#include "dir/part.h"
#include "dir/remove.h"
#include "dir/symlink.h"
#include "dir/sync.h"
#include "dir/volume_names.h"

#define ADOPTED_GRACE_MS 100 /* for who has just read a symlink that is taken back */

/* ---- Trading places. names->top_fd is where the other one is ---- */

static int name_exchange(const struct volume_names *names, const char *name)
{
	return rename_lending_at(names->place->parent_fd, names->top_fd, name, RENAME_EXCHANGE);
}

/* Whether what is there is the symlink that belongs at D/NAME. */
static bool name_is_swapped_out(const struct volume_names *names, const char *name)
{
	char text[VOLUME_TEXT_SIZE + 1], own[VOLUME_TEXT_SIZE];
	ssize_t size = readlinkat(names->top_fd, name, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = '\0';
	volume_name_text(name, 0, own);
	return strcmp(text, own) == 0;
}

/* ---- The way out, name by name ----
 *
 *	step				a crash just after it leaves
 *	N/..data -> ../.. is made	a detour that the next writer removes
 *	D/NAME and N/NAME trade places	some names that are real, and some that lead to N: the next writer takes it back
 *	D and N are synced, and the	the same
 *	grace is waited out
 *	N.info goes, then ..data	real names, and a store that the next detach removes
 *	the store goes			less of it; its lock goes last
 *
 * Once they have traded places N/NAME is the symlink ..data/NAME. Whoever came to N before leads on through the detour, back to D/NAME. */

static int detach_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	if (!is_needed)
		return 0;
	if (volume_name_look(names->place, name) != NAME_OURS)
		return volume_name_is_taken(names->place, name, error);
	if (name_exchange(names, name) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EXDEV)
		return volume_name_fail(names->place, name, "cannot exchange the symlink for what it leads to", error);
	volume_name_fail(names->place, name, "cannot detach", error);
	error_append(error,
		     "this file system cannot exchange a symlink for a file; copy the live generation, remove the volume, "
		     "and move the copy there instead");
	return -1;
}

static int attach_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	enum name_stands stands;

	if (!is_needed || !name_is_swapped_out(names, name))
		return 0;
	stands = volume_name_look(names->place, name);
	if (stands == NAME_FOREIGN && name_exchange(names, name) == 0)
		return 0;
	/* Somebody has removed it meanwhile. */
	if (stands != NAME_FOREIGN && stands != NAME_UNKNOWN && unlinkat(names->top_fd, name, 0) == 0)
		return 0;
	return volume_name_fail(names->place, name, "cannot take back into the live generation", error);
}

/* Calls for each name while the owner may write in the generation. */
static int volume_trade(const struct volume_names *names, volume_names_fn act, struct atomicdir_error *error)
{
	struct lending lending;
	int done;

	if (lending_begin(&lending, names->top_fd) < 0)
		return error_system(error, errno, names->place->name.link, "cannot write in the live generation of");
	if (act == detach_name &&
	    create_link_at(names->top_fd, VOLUME_DATA, "../..", names->owner.st_uid, names->owner.st_gid) < 0)
		done = error_system(error, errno, names->place->name.link,
				    "cannot make the detour for readers in the live generation of");
	else
		done = volume_names_each(names, act, error);
	if (done == 0 && act == attach_name && unlinkat(names->top_fd, VOLUME_DATA, 0) < 0)
		done = error_system(error, errno, names->place->name.link,
				    "cannot remove the detour for readers in the live generation of");
	lending_end(&lending);
	return done;
}

int volume_detach(const struct place *place, const struct live *live, struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };

	if (live_hold(live, place, error) < 0 || volume_names_read(&names, place, live->fd, error) < 0)
		return -1;
	return volume_trade(&names, detach_name, error);
}

int volume_leave(const struct place *place, const struct live *live, bool has_disk, struct atomicdir_error *error)
{
	if (live->stands == STANDS_NOTHING)
		return 0;
	if (has_disk && sync_fd(live->fd, place->name.link, error) < 0)
		return -1;
	/* What N holds now is no generation: without this it could be published again. */
	if (part_remove(place->store_fd, live->number, PART_INFO_NEW) < 0 ||
	    part_remove(place->store_fd, live->number, PART_INFO) < 0)
		return error_system(error, errno, place->name.store_path, "cannot remove the record of the live generation in");
	if (has_disk && sync_fd(place->store_fd, place->name.store_path, error) < 0)
		return -1;
	if (unlinkat(place->parent_fd, VOLUME_DATA, 0) < 0)
		return error_system(error, errno, place->name.swapped, "cannot remove the symlink");
	return has_disk ? sync_fd(place->parent_fd, place->name.parent, error) : 0;
}

int volume_attach(const struct place *place, int top_fd, struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };

	if (top_fd < 0 || !exists_at(top_fd, VOLUME_DATA))
		return 0;
	if (volume_names_read(&names, place, top_fd, error) < 0)
		return -1;
	return volume_trade(&names, attach_name, error);
}

/* ---- The way in: a directory of real files and directories becomes a volume ----
 *
 *	step				a crash just after it leaves
 *	D is copied into N, a stage	a stage, which the next writer removes
 *	adopted/NAME -> ..data/NAME	the same, and these symlinks, which it removes
 *	the barrier; then ..data	real names as before, and ..data, which it removes
 *	D/NAME and adopted/NAME trade	some names that are real, and some that lead to the same in N: it takes them back
 *	places
 *	what is in `adopted` now is	the same
 *	compared with N; D is synced
 *	adopted becomes N.trash		a volume, and its originals, which it removes
 *	the grace is waited out		the same
 *	N.trash goes			less of it
 *
 * So until all names lead to N nothing but symlinks is removed, and what somebody wrote meanwhile is not lost: it is not in the copy, so
 * the adoption is taken back. */

static int adopted_open(const struct place *place, struct atomicdir_error *error)
{
	int fd = open_directory_at(place->store_fd, VOLUME_ADOPTED);

	return fd < 0 ? error_system(error, errno, place->name.store_path, "cannot open '" VOLUME_ADOPTED "' in the store")
		      : fd;
}

static int adoption_make_names(const struct place *place, int fd, int64_t number)
{
	cleanup_names struct tree_names names = { 0 };
	cleanup_fd int top_fd = place_open_generation(place, number);
	char text[VOLUME_TEXT_SIZE];
	struct stat top;

	if (top_fd < 0 || fstat(top_fd, &top) < 0 || give_to_owner_of(place->store_fd, fd) < 0 ||
	    tree_names_read(top_fd, true, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		volume_name_text(names.names[i], 0, text);
		if (create_link_at(fd, names.names[i], text, top.st_uid, top.st_gid) < 0)
			return -1;
	}
	return 0;
}

static int adoption_prepare(const struct place *place, int64_t number, struct atomicdir_error *warning,
			    struct atomicdir_error *error)
{
	cleanup_fd int fd = create_directory_at(place->store_fd, VOLUME_ADOPTED, 0700);

	if (fd < 0 || adoption_make_names(place, fd, number) < 0)
		return error_system(error, errno, place->name.store_path,
				    "cannot make the symlinks for the exchange in the store");
	return symlink_prepare(place, number, warning, error);
}

/* The symlinks have to be on disk before they are exchanged. */
static int adoption_announce(const struct place *place, int64_t number, const struct live *before, bool by_file,
			     struct atomicdir_error *error)
{
	cleanup_fd int fd = by_file ? adopted_open(place, error) : -1;

	(void)number;
	(void)before;
	if (!by_file)
		return 0;
	return fd < 0 ? -1 : sync_fd(fd, place->name.store_path, error);
}

static void adoption_forget(const struct place *place, int64_t number)
{
	struct atomicdir_error ignored;

	symlink_forget(place, number);
	/* Where that fails the next writer does it. */
	(void)volume_settle(place, &ignored);
}

static int adopt_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	if (!is_needed)
		return 0;
	if (volume_name_look(names->place, name) != NAME_FOREIGN) {
		errno = ENOENT;
		return volume_name_fail(names->place, name, "cannot adopt what was removed meanwhile:", error);
	}
	if (name_exchange(names, name) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EXDEV)
		return volume_name_fail(names->place, name, "cannot exchange for a symlink", error);
	volume_name_fail(names->place, name, "cannot adopt", error);
	error_append(error,
		     "this file system cannot exchange it for a symlink; move the content of the directory away and fill it "
		     "from there");
	return -1;
}

/* Who has changed an original since it was copied would lose that. */
static int adoption_compare(const struct place *place, int adopted_fd, int64_t number, struct atomicdir_error *error)
{
	cleanup_changes struct changes *changes = changes_new();
	cleanup_fd int top_fd = place_open_generation(place, number);
	struct compare compare = { .changes = changes, .is_content_only = true };
	cleanup_free struct atomicdir_change *list = NULL;
	int differs;

	if (!changes || top_fd < 0)
		return error_system(error, errno, place->name.link, "cannot compare the new generation of");
	differs = tree_compare(&compare, adopted_fd, top_fd, error);
	if (differs <= 0)
		return differs;
	if (changes_take(changes, &list) < 0 || !list)
		return error_system(error, ENOMEM, place->name.link, "cannot compare the new generation of");
	return error_object(error, ATOMICDIR_FAILED, list->path,
			    "was changed while it was adopted, or cannot be copied exactly by this user");
}

static int adoption_trade(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };
	cleanup_fd int fd = adopted_open(place, error);

	if (fd < 0 || volume_names_read(&names, place, fd, error) < 0 || volume_names_each(&names, adopt_name, error) < 0)
		return -1;
	return adoption_compare(place, fd, number, error);
}

static enum outcome adoption_swap(const struct place *place, int64_t number, const struct live *before,
				  struct atomicdir_error *error)
{
	enum outcome outcome = symlink_swap(place, number, before, error);
	struct atomicdir_error why;

	if (outcome != OUTCOME_PUBLISHED || adoption_trade(place, number, error) == 0)
		return outcome;
	error_clear(&why);
	if (volume_settle(place, &why) == 0)
		return OUTCOME_NOT_PUBLISHED;
	error_append(error, "it could not be taken back: %s", why.text);
	return OUTCOME_IN_DOUBT;
}

static int adoption_make_durable(const struct place *place, int64_t number, enum sync_way way, struct atomicdir_error *error)
{
	cleanup_fd int fd = adopted_open(place, error);

	(void)number;
	(void)way;
	if (fd < 0 || sync_fd(place->parent_fd, place->name.link, error) < 0)
		return -1;
	return sync_fd(fd, place->name.store_path, error);
}

const struct swap volume_adoption = {
	.prepare = adoption_prepare,
	.announce = adoption_announce,
	.forget = adoption_forget,
	.swap = adoption_swap,
	.make_durable = adoption_make_durable,
};

int volume_finish_adoption(const struct place *place, int64_t number, int64_t grace_ms, bool has_disk,
			   struct atomicdir_error *warning)
{
	char name[NAME_NUMBER_SIZE];
	struct atomicdir_error why;

	part_name(name, number, PART_TRASH);
	error_clear(&why);
	if (renameat(place->store_fd, VOLUME_ADOPTED, place->store_fd, name) < 0) {
		error_warn(warning, errno, place->name.store_path,
			   "adopted, but the next run takes it back: cannot rename '" VOLUME_ADOPTED "' in");
		return -1;
	}
	if ((has_disk && sync_fd(place->store_fd, place->name.store_path, &why) < 0) || clock_sleep_ms(grace_ms) < 0) {
		error_warn(warning, errno, place->name.store_path, "adopted, but the next run has to remove the originals in");
		return -1;
	}
	if (tree_remove_at(place->store_fd, name, &why) == 0)
		return 0;
	error_warn(warning, 0, NULL, "adopted, but the originals could not be removed completely: %s", why.text);
	return -1;
}

/* ---- What an adoption left that died ---- */

static int settle_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	enum name_stands stands;

	if (!is_needed || name_is_swapped_out(names, name))
		return 0;
	stands = volume_name_look(names->place, name);
	if (stands == NAME_OURS && name_exchange(names, name) == 0)
		return 0;
	/* Somebody has removed our symlink. */
	if (stands == NAME_ABSENT && renameat2(names->top_fd, name, names->place->parent_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (stands == NAME_FOREIGN || stands == NAME_OURS_TO_ONE)
		errno = EEXIST;
	return volume_name_fail(names->place, name, "cannot take back the adoption of", error);
}

/* Removes symlinks of ours, and nothing else. */
static int settle_remove(const struct volume_names *names, struct atomicdir_error *error)
{
	const struct place *place = names->place;

	for (size_t i = 0; i < names->needed.count; i++)
		if (name_is_swapped_out(names, names->needed.names[i]))
			unlinkat(names->top_fd, names->needed.names[i], 0);
	if (unlinkat(place->store_fd, VOLUME_ADOPTED, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return error_system(error, errno, place->name.store_path, "cannot remove '" VOLUME_ADOPTED "' in the store");
}

/* Nothing leads to N any more but ..data, and who has just read a symlink to that. */
static int settle_data(const struct place *place, struct atomicdir_error *error)
{
	struct live live = LIVE_INIT;

	if (symlink_look(place, &live) < 0)
		return error_system(error, errno, place->name.swapped, "cannot examine");
	if (live.stands != STANDS_OURS)
		return 0;
	clock_sleep_ms(ADOPTED_GRACE_MS);
	if (part_remove(place->store_fd, live.named, PART_INFO_NEW) < 0 ||
	    part_remove(place->store_fd, live.named, PART_INFO) < 0)
		return error_system(error, errno, place->name.store_path, "cannot remove the record of the live generation in");
	if (unlinkat(place->parent_fd, VOLUME_DATA, 0) < 0)
		return error_system(error, errno, place->name.swapped, "cannot remove the symlink");
	return sync_fd(place->parent_fd, place->name.link, error);
}

int volume_settle(const struct place *place, struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };
	cleanup_fd int fd = -1;

	if (!exists_at(place->store_fd, VOLUME_ADOPTED) && errno == ENOENT)
		return 0;
	fd = adopted_open(place, error);
	if (fd < 0 || volume_names_read(&names, place, fd, error) < 0 || volume_names_each(&names, settle_name, error) < 0)
		return -1;
	if (sync_fd(place->parent_fd, place->name.link, error) < 0 || sync_fd(fd, place->name.store_path, error) < 0)
		return -1;
	return settle_data(place, error) < 0 ? -1 : settle_remove(&names, error);
}
