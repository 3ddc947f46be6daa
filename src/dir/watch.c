/* SPDX-License-Identifier: ISC */
#include "dir/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#define WATCH_SELF (IN_MOVE_SELF | IN_DELETE_SELF)
#define WATCH_PATH_SIZE (NAME_SIZE + 64)

/* statfs(2) gives these numbers; not all are in linux/magic.h of every system. */
static const unsigned long remote_magics[] = {
	0x6969,	    /* NFS */
	0xff534d42, /* CIFS */
	0xfe534d42, /* SMB2 */
	0x517b,	    /* SMB */
	0x01021997, /* 9p */
	0x65735546, /* FUSE, and virtiofs */
	0x00c36400, /* Ceph */
	0x5346414f, /* OpenAFS */
	0x6b414653, /* AFS */
	0x0bd00bd0, /* Lustre */
	0x47504653, /* GPFS */
	0x01161970, /* GFS2 */
	0x7461636f, /* OCFS2 */
	0x786f4256, /* VirtualBox */
	0x73757245, /* Coda */
};

static bool watch_is_remote(const struct place *place)
{
	struct statfs filesystem;

	if (fstatfs(place->parent_fd, &filesystem) < 0)
		return false;
	for (size_t i = 0; i < sizeof(remote_magics) / sizeof(*remote_magics); i++)
		if ((unsigned long)filesystem.f_type == remote_magics[i])
			return true;
	return false;
}

static bool watch_has_proc(void)
{
	int saved = errno;
	bool has_proc = exists_at(AT_FDCWD, "/proc/self/fd");

	errno = saved;
	return has_proc;
}

/* `name` is looked up in LINK's directory as it is open: that it was moved makes no difference. Without /proc its path is used. */
static int watch_add(const struct watch *watch, const struct place *place, const char *name, uint32_t mask)
{
	char path[NAME_PARENT_SIZE + WATCH_PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", place->parent_fd, name);
	if (inotify_add_watch(watch->fd, path, mask) >= 0)
		return 0;
	if (errno != ENOENT || watch_has_proc())
		return -1;
	snprintf(path, sizeof(path), "%.*s/%s", NAME_PARENT_SIZE, place->parent_path, name);
	return inotify_add_watch(watch->fd, path, mask) < 0 ? -1 : 0;
}

/* IN_ATTRIB tells at once that a symlink lost its name, where IN_DELETE_SELF waits until nobody has it open. Of a directory it
 * would tell what happens to its files. A directory is not ours yet, and what is made in it may make it ours. */
static int watch_add_link(const struct watch *watch, const struct place *place)
{
	const char *base = place->name.base;
	struct stat status;
	bool is_directory = fstatat(place->parent_fd, base, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);

	return watch_add(watch, place, base,
			 WATCH_SELF | IN_DONT_FOLLOW | (is_directory ? IN_CREATE | IN_MOVED_TO : IN_ATTRIB));
}

/* What cannot be watched here is not: a reader may pass through directories that it may not read. The mask replaces
 * the one that LINK's directory has while nothing stands at LINK. */
static void watch_add_above(const struct watch *watch, const struct place *place)
{
	char path[NAME_PARENT_SIZE];

	snprintf(path, sizeof(path), "%s", place->parent_path);
	for (char *end = path + strlen(path); end && end > path; end = strrchr(path, '/')) {
		*end = '\0';
		inotify_add_watch(watch->fd, path, WATCH_SELF | IN_ONLYDIR);
	}
}

static int watch_add_all(const struct watch *watch, const struct place *place)
{
	int added = watch_add_link(watch, place), errnum = errno;

	watch_add_above(watch, place);
	if (added < 0 && errnum == ENOENT)
		return watch_add(watch, place, ".", IN_CREATE | IN_MOVED_TO | WATCH_SELF);
	errno = errnum;
	return added;
}

static void watch_drain(const struct watch *watch)
{
	char events[4096];

	while (read(watch->fd, events, sizeof(events)) > 0)
		;
}

void watch_set(struct watch *watch, const struct place *place)
{
	watch->errnum = 0;
	watch->is_remote = watch_is_remote(place);
	if (watch->is_remote) {
		watch_close(watch);
		return;
	}
	if (watch->fd < 0)
		watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	else
		watch_drain(watch);
	if (watch->fd >= 0 && watch_add_all(watch, place) == 0)
		return;
	watch->errnum = errno;
	watch_close(watch);
}

void watch_close(struct watch *watch)
{
	close_fd(&watch->fd);
}

/* What the administrator may raise. */
static const char *watch_limit(int errnum)
{
	if (errnum == ENOSPC)
		return "raise the sysctl fs.inotify.max_user_watches";
	if (errnum == EMFILE)
		return "raise the sysctl fs.inotify.max_user_instances, or the limit of open files";
	return NULL;
}

void watch_warn(const struct watch *watch, const char *link, struct atomicdir_error *warning)
{
	const char *limit = watch_limit(watch->errnum);

	if (watch->fd >= 0 || warning->text[0])
		return;
	if (watch->is_remote) {
		error_warn(warning, 0, NULL,
			   "looking at '%s' every %d ms, since its file system does not tell what other hosts change", link,
			   WATCH_TICK_MS);
		return;
	}
	error_warn(warning, watch->errnum, link, "looking every %d ms, since inotify(7) cannot watch", WATCH_TICK_MS);
	if (limit)
		error_append(warning, "%s", limit);
}
