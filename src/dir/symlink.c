/* SPDX-License-Identifier: ISC */
#include "dir/symlink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/libc.h"

int symlink_look(const struct place *place, struct live *live)
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

void symlink_forget(const struct place *place, int64_t number)
{
	(void)number;
	unlinkat(place->store_fd, NAME_NEXT, 0);
}

int symlink_owner(const struct place *place, int64_t number, struct stat *top)
{
	char name[NAME_NUMBER_SIZE];

	name_number(name, number, "");
	return fstatat(place->store_fd, name, top, AT_SYMLINK_NOFOLLOW);
}

static int symlink_make(const struct place *place, int64_t number, int directory_fd, const char *name)
{
	char text[NAME_SIZE + NAME_NUMBER_SIZE];
	struct stat top;

	name_link_text(&place->name, number, text, sizeof(text));
	if (symlink_owner(place, number, &top) < 0)
		return -1;
	return create_link_at(directory_fd, name, text, top.st_uid, top.st_gid);
}

int symlink_prepare(const struct place *place, int64_t number, struct atomicdir_error *warning, struct atomicdir_error *error)
{
	(void)warning;
	if (symlink_make(place, number, place->store_fd, NAME_NEXT) < 0)
		return error_system(error, errno, place->name.store_path, "cannot make the new symlink in the store");
	return 0;
}

/* After a failed rename, looks whether it has happened all the same: network and FUSE file systems are known to report that. */
static enum outcome symlink_look_after_failure(const struct place *place, int64_t number, int errnum, const char *what,
					       struct atomicdir_error *error)
{
	struct live now = LIVE_INIT;

	if (symlink_look(place, &now) < 0) {
		error_system(error, errnum, place->name.swapped, "%s", what);
		return OUTCOME_IN_DOUBT;
	}
	if (now.stands == STANDS_OURS && now.named == number)
		return OUTCOME_PUBLISHED;
	error_system(error, errnum, place->name.swapped, "%s", what);
	return OUTCOME_NOT_PUBLISHED;
}

static enum outcome symlink_create(const struct place *place, int64_t number, struct atomicdir_error *error)
{
	if (renameat2(place->store_fd, NAME_NEXT, place->parent_fd, place->name.base, RENAME_NOREPLACE) == 0)
		return OUTCOME_PUBLISHED;
	if (errno != EINVAL && errno != ENOSYS)
		return symlink_look_after_failure(place, number, errno, "cannot put the new symlink in place at", error);
	/* The file system lacks RENAME_NOREPLACE; symlinkat(2) does not replace an existing name either. */
	if (symlink_make(place, number, place->parent_fd, place->name.base) < 0)
		return symlink_look_after_failure(place, number, errno, "cannot make the symlink", error);
	unlinkat(place->store_fd, NAME_NEXT, 0);
	return OUTCOME_PUBLISHED;
}

enum outcome symlink_swap(const struct place *place, int64_t number, const struct live *before, struct atomicdir_error *error)
{
	struct live now = LIVE_INIT;

	if (symlink_look(place, &now) < 0)
		return (enum outcome)error_system(error, errno, place->name.swapped, "cannot examine");
	if (!live_is_same(&now, before))
		return (enum outcome)error_object(error, ATOMICDIR_FAILED, place->name.swapped,
						  "was changed by another process meanwhile; nothing was published");
	if (before->stands == STANDS_NOTHING)
		return symlink_create(place, number, error);
	/* Not RENAME_EXCHANGE: watchers of the parent would see a removal. */
	if (renameat(place->store_fd, NAME_NEXT, place->parent_fd, place->name.base) < 0)
		return symlink_look_after_failure(place, number, errno, "cannot replace the symlink", error);
	return OUTCOME_PUBLISHED;
}

int symlink_make_durable(const struct place *place, int64_t number, enum sync_way way, struct atomicdir_error *error)
{
	(void)number;
	(void)way;
	return sync_fd(place->parent_fd, place->name.parent, error);
}
