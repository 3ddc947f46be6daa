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
#include "dir/inside.h"
#include "dir/layout.h"
#include "dir/part.h"
#include "dir/symlink.h"
#include "dir/sync.h"
#include "dir/tree.h"

#define DATA "..data"
#define STORE INSIDE_STORE
#define NAME_TEXT_SIZE (sizeof(STORE) + NAME_NUMBER_SIZE + NAME_SIZE)

/* ---- Where it is ---- */

/* A store with neither this nor the layout files' symlink is that of a first fill that died. */
static enum at volume_is_at(const struct place *place)
{
	int has_store = inside_has(place, STORE, S_IFDIR), has_data = has_store > 0 ? inside_has(place, DATA, S_IFLNK) : 0;

	if (has_store <= 0 || has_data < 0)
		return has_store ? AT_UNKNOWN : AT_NOT;
	return has_data ? AT_CERTAINLY : AT_PERHAPS;
}

static int volume_locate(struct place *place, enum place_use use, struct atomicdir_error *error)
{
	return inside_locate(place, use, DATA, "volume", error);
}

/* ---- What stands at a name ---- */

enum name_stands {
	NAME_UNKNOWN = -1, /* with errno */
	NAME_ABSENT,
	NAME_OURS,	  /* leads through ..data */
	NAME_OURS_TO_ONE, /* leads to one generation */
	NAME_FOREIGN
};

/* Whether the text is ..atomicdir/NUMBER/NAME. */
static bool name_leads_to_one(const char *name, const char *text)
{
	static const char store[] = STORE "/";
	const char *rest;

	return strncmp(text, store, sizeof(store) - 1) == 0 && name_parse_number(text + sizeof(store) - 1, &rest) &&
	       *rest == '/' && strcmp(rest + 1, name) == 0;
}

static enum name_stands name_look(const struct place *place, const char *name)
{
	char text[NAME_TEXT_SIZE + 1];
	ssize_t size = readlinkat(place->parent_fd, name, text, sizeof(text) - 1);

	if (size < 0 && errno == ENOENT)
		return NAME_ABSENT;
	if (size < 0)
		return errno == EINVAL ? NAME_FOREIGN : NAME_UNKNOWN;
	text[size] = '\0';
	if (strncmp(text, DATA "/", sizeof(DATA)) == 0 && strcmp(text + sizeof(DATA), name) == 0)
		return NAME_OURS;
	return name_leads_to_one(name, text) ? NAME_OURS_TO_ONE : NAME_FOREIGN;
}

/* The text of NAME's symlink: through ..data, or to generation `number` where that is not 0. */
static void name_text(const char *name, int64_t number, char text[static NAME_TEXT_SIZE])
{
	char directory[NAME_NUMBER_SIZE];

	name_number(directory, number, "");
	if (number)
		snprintf(text, NAME_TEXT_SIZE, STORE "/%s/%s", directory, name);
	else
		snprintf(text, NAME_TEXT_SIZE, DATA "/%s", name);
}

/* ---- All names: those in D, and those that a generation needs ---- */

struct volume_names {
	const struct place *place;
	struct tree_names there, needed;
	int top_fd;	   /* the generation's directory; -1: none */
	struct stat owner; /* of the symlinks */
	int64_t new, old;  /* announce: the generation that the swap leads to, and the live one, or 0 */
};

static void volume_names_clear(struct volume_names *names)
{
	tree_names_clear(&names->there);
	tree_names_clear(&names->needed);
}
#define cleanup_volume_names cleanup(volume_names_clear)

/* `top_fd`: the generation's; -1: no name is needed. */
static int volume_names_read(struct volume_names *names, const struct place *place, int top_fd, struct atomicdir_error *error)
{
	*names = (struct volume_names){ .place = place, .top_fd = top_fd };
	if (tree_names_read(place->parent_fd, false, &names->there) < 0)
		return error_system(error, errno, place->name.link, "cannot read the names in");
	if (top_fd >= 0 && (fstat(top_fd, &names->owner) < 0 || tree_names_read(top_fd, true, &names->needed) < 0))
		return error_system(error, errno, place->name.link, "cannot read the names in a generation of");
	return 0;
}

typedef int (*volume_names_fn)(const struct volume_names *names, const char *name, bool is_needed,
			       struct atomicdir_error *error);

/* Calls for every name but those that are reserved, in their order; goes on after an error, and reports the first one. */
static int volume_names_each(const struct volume_names *names, volume_names_fn act, struct atomicdir_error *error)
{
	const struct tree_names *there = &names->there, *needed = &names->needed;
	struct atomicdir_error later;
	int done = 0;

	for (size_t i = 0, j = 0; i < there->count || j < needed->count;) {
		int order = i == there->count ? 1 : -1;
		const char *name;

		if (i < there->count && j < needed->count)
			order = strcmp(there->names[i], needed->names[j]);
		name = order <= 0 ? there->names[i] : needed->names[j];
		i += order <= 0;
		j += order >= 0;
		if (!inside_reserves(name) && act(names, name, order >= 0, done < 0 ? &later : error) < 0)
			done = -1;
	}
	return done;
}

static int name_is_taken(const struct place *place, const char *name, struct atomicdir_error *error)
{
	char path[NAME_PARENT_SIZE + NAME_SIZE];

	snprintf(path, sizeof(path), "%s/%s", place->name.parent, name);
	error_object(error, ATOMICDIR_FAILED, path,
		     "was not made by a publication, but the content has that name; move it away, or leave the name out");
	error->errnum = EEXIST;
	return -1;
}

static int name_fail(const struct place *place, const char *name, const char *what, struct atomicdir_error *error)
{
	char path[NAME_PARENT_SIZE + NAME_SIZE];
	int errnum = errno;

	snprintf(path, sizeof(path), "%s/%s", place->name.parent, name);
	return error_system(error, errnum, path, "%s", what);
}

/* Never replaces what is there. */
static int name_make(const struct volume_names *names, const char *name, int64_t number, struct atomicdir_error *error)
{
	char text[NAME_TEXT_SIZE];

	name_text(name, number, text);
	if (create_link_at(names->place->parent_fd, name, text, names->owner.st_uid, names->owner.st_gid) == 0)
		return 0;
	if (errno == EEXIST)
		return name_is_taken(names->place, name, error);
	return name_fail(names->place, name, "cannot make the symlink", error);
}

/* By rename(2), so that the name is there at every moment. It was looked at just before. */
static int name_turn(const struct volume_names *names, const char *name, int64_t number, struct atomicdir_error *error)
{
	const struct place *place = names->place;
	char text[NAME_TEXT_SIZE];

	name_text(name, number, text);
	if (create_link_at(place->store_fd, NAME_TURNED, text, names->owner.st_uid, names->owner.st_gid) == 0 &&
	    renameat(place->store_fd, NAME_TURNED, place->parent_fd, name) == 0)
		return 0;
	name_fail(place, name, "cannot change the symlink", error);
	unlinkat(place->store_fd, NAME_TURNED, 0);
	return -1;
}

/* ---- The steps ---- */

static int check_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	enum name_stands stands = is_needed ? name_look(names->place, name) : NAME_ABSENT;

	if (stands == NAME_UNKNOWN)
		return name_fail(names->place, name, "cannot examine", error);
	return stands == NAME_FOREIGN ? name_is_taken(names->place, name, error) : 0;
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
	enum name_stands stands = name_look(names->place, name);

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
	enum name_stands stands = name_look(names->place, name);

	switch (stands) {
	case NAME_UNKNOWN:
		return is_needed ? name_fail(names->place, name, "cannot examine", error) : 0;
	case NAME_ABSENT:
		return is_needed ? name_make(names, name, 0, error) : 0;
	case NAME_FOREIGN:
		return is_needed ? name_is_taken(names->place, name, error) : 0;
	default:
		break;
	}
	if (is_needed)
		return stands == NAME_OURS ? 0 : name_turn(names, name, 0, error);
	if (unlinkat(names->place->parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return name_fail(names->place, name, "cannot remove the symlink", error);
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

/* ".." of a directory that is moved changes, which needs its owner's write bit. `from_fd`: where it is. */
static int name_exchange(const struct volume_names *names, const char *name, int from_fd)
{
	int parent_fd = names->place->parent_fd;
	struct lending lending = { .fd = -1 };
	cleanup_fd int fd = -1;
	int done = renameat2(parent_fd, name, names->top_fd, name, RENAME_EXCHANGE);

	if (done == 0 || errno != EACCES)
		return done;
	fd = open_lending_at(from_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd >= 0 && lending_begin(&lending, fd) == 0)
		done = renameat2(parent_fd, name, names->top_fd, name, RENAME_EXCHANGE);
	lending_end(&lending);
	return done;
}

static int detach_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	if (!is_needed)
		return 0;
	if (name_look(names->place, name) != NAME_OURS)
		return name_is_taken(names->place, name, error);
	if (name_exchange(names, name, names->top_fd) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EXDEV)
		return name_fail(names->place, name, "cannot exchange the symlink for what it leads to", error);
	name_fail(names->place, name, "cannot detach", error);
	error_append(error,
		     "this file system cannot exchange a symlink for a file; copy the live generation, remove the volume, "
		     "and move the copy there instead");
	return -1;
}

/* Whether N/NAME is the symlink that was at D/NAME. */
static bool name_is_detached(const struct volume_names *names, const char *name)
{
	char text[NAME_TEXT_SIZE + 1], own[NAME_TEXT_SIZE];
	ssize_t size = readlinkat(names->top_fd, name, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = '\0';
	name_text(name, 0, own);
	return strcmp(text, own) == 0;
}

static int attach_name(const struct volume_names *names, const char *name, bool is_needed, struct atomicdir_error *error)
{
	enum name_stands stands;

	if (!is_needed || !name_is_detached(names, name))
		return 0;
	stands = name_look(names->place, name);
	if (stands == NAME_FOREIGN && name_exchange(names, name, names->place->parent_fd) == 0)
		return 0;
	/* Somebody has removed it meanwhile. */
	if (stands != NAME_FOREIGN && stands != NAME_UNKNOWN && unlinkat(names->top_fd, name, 0) == 0)
		return 0;
	return name_fail(names->place, name, "cannot take back into the live generation", error);
}

/* Calls for each name while the owner may write in the generation. */
static int volume_trade(const struct volume_names *names, volume_names_fn act, struct atomicdir_error *error)
{
	struct lending lending;
	int done;

	if (lending_begin(&lending, names->top_fd) < 0)
		return error_system(error, errno, names->place->name.link, "cannot write in the live generation of");
	if (act == detach_name && create_link_at(names->top_fd, DATA, "../..", names->owner.st_uid, names->owner.st_gid) < 0)
		done = error_system(error, errno, names->place->name.link,
				    "cannot make the detour for readers in the live generation of");
	else
		done = volume_names_each(names, act, error);
	if (done == 0 && act == attach_name && unlinkat(names->top_fd, DATA, 0) < 0)
		done = error_system(error, errno, names->place->name.link,
				    "cannot remove the detour for readers in the live generation of");
	lending_end(&lending);
	return done;
}

static int volume_detach(const struct place *place, const struct live *live, struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };

	if (live_hold(live, place, error) < 0 || volume_names_read(&names, place, live->fd, error) < 0)
		return -1;
	return volume_trade(&names, detach_name, error);
}

static int volume_leave(const struct place *place, const struct live *live, bool has_disk, struct atomicdir_error *error)
{
	if (live->stands == STANDS_NOTHING)
		return 0;
	if (has_disk && sync_fd(live->fd, place->name.link, error) < 0)
		return -1;
	/* What N holds now is no generation: without this it could be published again. */
	if (part_remove(place->store_fd, live->number, PART_INFO_NEW) < 0 ||
	    part_remove(place->store_fd, live->number, PART_INFO) < 0)
		return error_system(error, errno, place->name.store, "cannot remove the record of the live generation in");
	if (has_disk && sync_fd(place->store_fd, place->name.store, error) < 0)
		return -1;
	if (unlinkat(place->parent_fd, DATA, 0) < 0)
		return error_system(error, errno, place->name.swapped, "cannot remove the symlink");
	return has_disk ? sync_fd(place->parent_fd, place->name.parent, error) : 0;
}

/* A detach that died is taken back first. */
static int volume_mend(const struct place *place, int64_t number, int top_fd, struct atomicdir_error *error)
{
	cleanup_volume_names struct volume_names names = { 0 };

	(void)number;
	if (volume_names_read(&names, place, top_fd, error) < 0)
		return -1;
	if (top_fd >= 0 && exists_at(top_fd, DATA) && volume_trade(&names, attach_name, error) < 0)
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
};
