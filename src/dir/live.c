/* SPDX-License-Identifier: ISC */
#include "dir/live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/layout.h"

int live_look(const struct place *place, struct live *live)
{
	*live = LIVE_INIT;
	return place->layout->look(place, live);
}

bool live_is_same(const struct live *now, const struct live *before)
{
	return now->stands == before->stands && now->device == before->device && now->inode == before->inode &&
	       strcmp(now->text, before->text) == 0;
}

int live_require_ours(const struct live *live, const struct place *place, struct atomicdir_error *error)
{
	const char *link = place->name.swapped;

	switch (live->stands) {
	case STANDS_NOTHING:
	case STANDS_OURS:
		return 0;
	case STANDS_SYMLINK:
		error_object(error, ATOMICDIR_FAILED, link, "is a symlink (to '%.200s') that was not made by a publication",
			     live->text);
		break;
	case STANDS_DIRECTORY:
		error_object(error, ATOMICDIR_FAILED, link, "is a directory that was not made by a publication");
		break;
	default:
		return error_object(error, ATOMICDIR_FAILED, link, "is neither a symlink nor a directory; move it away first");
	}
	error->errnum = EEXIST;
	return -1;
}

void live_open(const struct place *place, struct live *live)
{
	if (live->stands != STANDS_OURS)
		return;
	live->fd = place_open_generation(place, live->named);
	if (live->fd >= 0 || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP))
		live->number = live->named;
}

int live_find(const struct place *place, struct live *live, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE];
	struct stat status;

	if (live->stands != STANDS_OURS || place->store_fd < 0)
		return 0;
	name_number(name, live->named, "");
	if (fstatat(place->store_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		live->number = S_ISDIR(status.st_mode) ? live->named : 0;
	else if (errno != ENOENT)
		return error_system(error, errno, place->name.link, "cannot examine the live generation of");
	return 0;
}

void live_close(struct live *live)
{
	close_fd(&live->fd);
}

int live_hold(const struct live *live, const struct place *place, struct atomicdir_error *error)
{
	const char *link = place->name.link;

	if (live->fd < 0 || flock(live->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return error_system(error, errno, link, "cannot find out whether a reader has pinned the live generation of");
	return error_object(error, ATOMICDIR_BUSY, link, "has generation %" PRId64 " pinned by a reader; wait for it to end",
			    live->number);
}
