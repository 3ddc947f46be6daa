/* SPDX-License-Identifier: ISC */
#include "dir/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

int link_read(int parent_fd, const struct name *name, struct link *link)
{
	struct stat status;
	ssize_t size;

	memset(link, 0, offsetof(struct link, text) + 1);
	if (fstatat(parent_fd, name->base, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	link->device = status.st_dev;
	link->inode = status.st_ino;
	link->kind = S_ISDIR(status.st_mode) ? LINK_DIRECTORY : LINK_OTHER;
	if (!S_ISLNK(status.st_mode))
		return 0;
	size = readlinkat(parent_fd, name->base, link->text, sizeof(link->text) - 1);
	if (size < 0)
		return -1;
	link->text[size] = '\0';
	link->number = name_parse_link_text(name, link->text);
	link->kind = link->number ? LINK_OURS : LINK_FOREIGN;
	return 0;
}

int link_require_ours(const struct link *link, const struct name *name, struct atomicdir_error *error)
{
	switch (link->kind) {
	case LINK_ABSENT:
	case LINK_OURS:
		return 0;
	case LINK_FOREIGN:
		return error_set(error, ATOMICDIR_FAILED, name->base,
				 "a symlink that atomicdir did not make stands there (to %.200s); "
				 "'atomicdir adopt' takes it over, or move it away",
				 link->text);
	case LINK_DIRECTORY:
		return error_set(
			error, ATOMICDIR_FAILED, name->base,
			"a real directory stands there; 'atomicdir adopt' turns it into the first generation, or move it away");
	default:
		return error_set(error, ATOMICDIR_FAILED, name->base,
				 "a file stands there, and is not ours to replace; move it away");
	}
}

void link_forget(int store_fd)
{
	unlinkat(store_fd, LINK_NEXT, 0);
}

int link_prepare(int store_fd, const struct name *name, int64_t number, struct atomicdir_error *error)
{
	char text[NAME_SIZE + NAME_NUMBER_SIZE];

	name_link_text(name, number, text, sizeof(text));
	if (symlinkat(text, store_fd, LINK_NEXT) < 0)
		return error_errno(error, name->store, "cannot make the new symlink in the store");
	return 0;
}

/* Whatever the failed call says: network and FUSE file systems are known to report an error for a rename that happened. */
static enum link_swap after_failure(int parent_fd, const struct name *name, int64_t number, const char *what,
				    struct atomicdir_error *error)
{
	int saved = errno;
	struct link now;

	if (link_read(parent_fd, name, &now) < 0) {
		errno = saved;
		error_errno(error, name->base, "%s", what);
		return LINK_SWAP_UNKNOWN;
	}
	if (now.kind == LINK_OURS && now.number == number)
		return LINK_SWAPPED;
	errno = saved;
	return (enum link_swap)error_errno(error, name->base, "%s", what);
}

static enum link_swap create(int parent_fd, int store_fd, const struct name *name, int64_t number,
			     struct atomicdir_error *error)
{
	char text[NAME_SIZE + NAME_NUMBER_SIZE];

	if (renameat2(store_fd, LINK_NEXT, parent_fd, name->base, RENAME_NOREPLACE) == 0)
		return LINK_SWAPPED;
	if (errno != EINVAL && errno != ENOSYS)
		return after_failure(parent_fd, name, number, "cannot put the new symlink in place", error);
	/* symlinkat(2) replaces nothing either. */
	name_link_text(name, number, text, sizeof(text));
	if (symlinkat(text, parent_fd, name->base) < 0)
		return after_failure(parent_fd, name, number, "cannot make the symlink", error);
	link_forget(store_fd);
	return LINK_SWAPPED;
}

enum link_swap link_swap(int parent_fd, int store_fd, const struct name *name, int64_t number, const struct link *before,
			 struct atomicdir_error *error)
{
	struct link now;

	if (link_read(parent_fd, name, &now) < 0)
		return (enum link_swap)error_errno(error, name->base, "cannot look at LINK");
	if (now.kind != before->kind || now.device != before->device || now.inode != before->inode ||
	    strcmp(now.text, before->text) != 0)
		return (enum link_swap)error_set(error, ATOMICDIR_FAILED, name->base,
						 "somebody else changed LINK meanwhile, so nothing was published");
	if (before->kind == LINK_ABSENT)
		return create(parent_fd, store_fd, name, number, error);
	/* Not RENAME_EXCHANGE: watchers of the parent would see a removal. */
	if (renameat(store_fd, LINK_NEXT, parent_fd, name->base) < 0)
		return after_failure(parent_fd, name, number, "cannot replace the symlink", error);
	return LINK_SWAPPED;
}

int link_exchange(int parent_fd, int store_fd, const struct name *name, int64_t number, struct atomicdir_error *error)
{
	char text[NAME_NUMBER_SIZE];

	name_number(text, number, "");
	if (renameat2(store_fd, text, parent_fd, name->base, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno == EBUSY)
		return error_errno(error, name->base, "cannot adopt a mount point");
	if (errno == EINVAL || errno == ENOSYS || errno == EXDEV)
		return error_errno(error, name->base,
				   "this file system cannot exchange a directory for a symlink "
				   "(move it away and fill LINK from it)");
	return error_errno(error, name->base, "cannot exchange the directory for a symlink");
}
