/* SPDX-License-Identifier: ISC */
#include "dir/top.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/attributes.h"

/* The access ACL's mask is the mode's group bits, so that it lets nobody in until the seal. */
static int top_inherit(struct top *top, int fd, int parent_fd)
{
	cleanup_attributes struct attributes attributes = { 0 };
	const struct attribute *acl;

	if (attributes_read(parent_fd, &attributes) < 0)
		return -1;
	acl = attributes_find(&attributes, ATTRIBUTE_DEFAULT_ACL);
	if (!acl)
		return 0;
	if (fsetxattr(fd, ATTRIBUTE_DEFAULT_ACL, acl->value, acl->size, 0) < 0 ||
	    fsetxattr(fd, ATTRIBUTE_ACL, acl->value, acl->size, 0) < 0)
		return -1;
	top->inherits_acl = true;
	top->mode = acl_mode(acl, TOP_MODE);
	return 0;
}

static int top_set_filling(int fd)
{
	struct stat status;
	mode_t mode;

	if (fstat(fd, &status) < 0)
		return -1;
	mode = TOP_FILLING | (status.st_mode & S_ISGID);
	return (status.st_mode & 07777) == mode ? 0 : fchmod(fd, mode);
}

int top_make(struct top *top, int store_fd, const char *name, int parent_fd, mode_t mode)
{
	cleanup_fd int fd = create_directory_at(store_fd, name, TOP_FILLING);
	struct stat store;

	*top = (struct top){ .mode = mode, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	if (fd < 0)
		return -1;
	/* Root works for the store's owner, who gets in when it is sealed. */
	if (geteuid() == 0 && fstat(store_fd, &store) == 0 && store.st_uid != 0) {
		top->uid = store.st_uid;
		top->gid = store.st_gid;
	}
	if (top_inherit(top, fd, parent_fd) == 0 && top_set_filling(fd) == 0)
		return take_fd(&fd);
	unlinkat(store_fd, name, AT_REMOVEDIR);
	return -1;
}

int top_copy(struct top *top, int fd, int from_fd, struct copy_rules *rules, struct atomicdir_error *error)
{
	cleanup_attributes struct attributes attributes = { 0 };
	const char *failed = NULL;
	struct stat from;
	size_t lost = 0;

	if (fstat(from_fd, &from) < 0 || attributes_read(from_fd, &attributes) < 0)
		return error_system(error, errno, NULL, "cannot examine the directory to copy");
	if (rules->is_exact && (attribute_remove(fd, ATTRIBUTE_ACL) < 0 || attribute_remove(fd, ATTRIBUTE_DEFAULT_ACL) < 0))
		return error_system(error, errno, NULL, "cannot remove the inherited ACL of the new directory");
	if (attributes_write(fd, &attributes, &lost, &failed) < 0 || (lost && rules->requires_attributes))
		return error_system(error, errno, NULL, "cannot keep '%s' of the directory to copy", failed);
	rules->lost += lost;
	if (top_set_filling(fd) < 0)
		return error_system(error, errno, NULL, "cannot set the mode of the new directory");
	top->mode = from.st_mode & 07777;
	top->uid = from.st_uid;
	top->gid = from.st_gid;
	return 0;
}

int top_copy_time(int fd, int from_fd, struct atomicdir_error *error)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	struct stat from;

	if (fstat(from_fd, &from) < 0)
		return error_system(error, errno, NULL, "cannot examine the directory to copy");
	times[1] = from.st_mtim;
	return futimens(fd, times) < 0 ? error_system(error, errno, NULL, "cannot set the time of the new directory") : 0;
}

/* The sticky bit was ours, unless all may write there. */
static mode_t top_mode(const struct top *top, mode_t now, mode_t stated)
{
	if (stated)
		return stated;
	if ((now & ~(mode_t)S_ISGID) == TOP_FILLING)
		return top->mode;
	return now & S_IWOTH ? now : now & ~(mode_t)S_ISVTX;
}

/* 1: it has another owner now, and may have lost its setgid bit; 0: it had this one, or stays as made; -1 with errno. */
static int top_give(const struct top *top, int fd, const struct stat *now)
{
	if ((top->uid == (uid_t)-1 || top->uid == now->st_uid) && (top->gid == (gid_t)-1 || top->gid == now->st_gid))
		return 0;
	if (fchown(fd, top->uid, top->gid) == 0)
		return 1;
	if (top->must_own || (errno != EPERM && errno != EINVAL))
		return -1;
	/* The group alone, if that is all that we may give. */
	if (fchown(fd, -1U, top->gid) == 0)
		return 1;
	return errno == EPERM || errno == EINVAL ? 0 : -1;
}

int top_finish(const struct top *top, int fd, mode_t stated, struct atomicdir_error *error)
{
	struct stat now;
	mode_t mode;
	int given;

	if (fstat(fd, &now) < 0)
		return error_system(error, errno, NULL, "cannot examine the new directory");
	mode = top_mode(top, now.st_mode & 07777, stated) | (now.st_mode & S_ISGID);
	if (stated && (attribute_remove(fd, ATTRIBUTE_ACL) < 0 || attribute_remove(fd, ATTRIBUTE_DEFAULT_ACL) < 0))
		return error_system(error, errno, NULL, "cannot remove the inherited ACL of the new directory");
	given = top_give(top, fd, &now);
	if (given < 0)
		return error_system(error, errno, NULL, "cannot set the owner of the new directory");
	if ((given || (now.st_mode & 07777) != mode) && fchmod(fd, mode) < 0)
		return error_system(error, errno, NULL, "cannot set the mode of the new directory");
	return 0;
}
