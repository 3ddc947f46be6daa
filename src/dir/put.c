/* SPDX-License-Identifier: ISC */
#include "dir/put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "dir/layout.h"
#include "dir/room.h"

/* An entry that is made. */
struct put {
	struct entry entry;
	const struct twin *twin; /* the live file that has its bytes; NULL: none is known */
	size_t index;		 /* of a held file whose bytes are not in memory */
};

/* ---- Paths ---- */

int put_check_path(const struct atomicdir_stage *stage, const char *path, struct atomicdir_error *error)
{
	const char *part = path;
	char top[NAME_SIZE] = "";
	size_t top_size;

	if (!path || !*path || *path == '/')
		return error_object(error, ATOMICDIR_USAGE, path,
				    "is not a valid path of an entry: it must be relative and not empty");
	top_size = strcspn(path, "/");
	memcpy(top, path, top_size < NAME_SIZE ? top_size : NAME_SIZE - 1);
	if (stage->writer.place.layout->reserves(top))
		return error_object(error, ATOMICDIR_USAGE, path, "begins with a name that is reserved");
	for (;; part++) {
		size_t size = strcspn(part, "/");

		if (!size || (size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
			return error_object(error, ATOMICDIR_USAGE, path,
					    "is not a valid path of an entry: no component may be empty, '.' or '..'");
		part += size;
		if (!*part)
			return 0;
	}
}

/* Where root works in another user's store, a new entry is given to that user. By name is safe: nobody else can write in the
 * stage. */
static int entry_give(const struct atomicdir_stage *stage, int parent_fd, const char *name)
{
	cleanup_fd int fd = -1;

	if (!stage->is_given)
		return 0;
	fd = openat(parent_fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -1 : give_to_owner_of(stage->writer.place.store_fd, fd);
}

/* Removes what was made but could not be finished, so that nobody publishes it as it is, and it can be made again. */
static int entry_undo(int parent_fd, const char *name, int flags)
{
	int saved = errno;

	unlinkat(parent_fd, name, flags);
	errno = saved;
	return -1;
}

static int directory_finish(struct atomicdir_stage *stage, int parent_fd, const char *name, mode_t mode)
{
	struct tree_entry made;

	if (entry_give(stage, parent_fd, name) < 0 || tree_look(parent_fd, name, &made) < 0)
		return -1;
	if ((mode & 0700) != 0700)
		return seal_modes_add(&stage->directories, &made, mode);
	mode |= made.mode & S_ISGID;
	return (made.mode & 07777) == mode ? 0 : fchmodat(parent_fd, name, mode, 0);
}

/* A new directory. One that its owner could not work in gets its mode when the stage is sealed. */
static int directory_make(struct atomicdir_stage *stage, int parent_fd, const char *name, mode_t mode)
{
	if (mkdirat(parent_fd, name, (mode & 0700) == 0700 ? mode & 0777 : 0700) < 0)
		return -1;
	return directory_finish(stage, parent_fd, name, mode) == 0 ? 0 : entry_undo(parent_fd, name, AT_REMOVEDIR);
}

/* Opens a directory one level down; makes it if it is missing; gives it its owner's write bit until the stage is sealed. */
static int directory_enter(struct atomicdir_stage *stage, int parent_fd, const char *name)
{
	cleanup_fd int fd = -1;
	struct tree_entry entry;

	if (directory_make(stage, parent_fd, name, ENTRY_IMPLIED_MODE) < 0 && errno != EEXIST)
		return -1;
	fd = open_lending_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || tree_look(fd, "", &entry) < 0)
		return -1;
	if ((entry.mode & 0700) != 0700 && (seal_modes_add(&stage->directories, &entry, entry.mode & 07777) < 0 ||
					    fchmod(fd, (entry.mode & 07777) | 0700) < 0))
		return -1;
	return take_fd(&fd);
}

/* Opens the directory `path` inside the stage. The text of `path` is changed meanwhile, and is the same again in the end. */
static int directory_reach(struct atomicdir_stage *stage, char *path)
{
	cleanup_fd int fd = fcntl(stage->fd, F_DUPFD_CLOEXEC, 0);
	char *name, *rest = path;

	while (fd >= 0 && (name = strsep(&rest, "/"))) {
		int next = directory_enter(stage, fd, name);

		close_fd(&fd);
		fd = next;
	}
	return take_fd(&fd);
}

int put_parent(struct atomicdir_stage *stage, const char *path, const char **name, struct atomicdir_error *error)
{
	cleanup_free char *directory = NULL, *walked = NULL;
	const char *slash;

	if (stage->state == STAGE_ENDED)
		return error_set(error, ATOMICDIR_USAGE, NULL, "the stage has ended");
	if (put_check_path(stage, path, error) < 0)
		return -1;
	stage->state = STAGE_FILLING;
	slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	if (!slash)
		return stage->fd;
	directory = strndup(path, (size_t)(slash - path));
	walked = directory ? strdup(directory) : NULL;
	if (!walked)
		return error_system(error, ENOMEM, path, "cannot make");
	if (stage->recent_path && strcmp(stage->recent_path, directory) == 0)
		return stage->recent_fd;
	stage_forget_recent(stage);
	stage->recent_fd = directory_reach(stage, walked);
	if (stage->recent_fd < 0)
		return error_system(error, errno, path, "cannot make the directory for");
	stage->recent_path = take_pointer(&directory);
	return stage->recent_fd;
}

/* ---- Entries ---- */

/* A file whose mode is stated has no ACL, though the directory would hand one down. */
static int file_make(const struct atomicdir_stage *stage, int parent_fd, const char *name, mode_t mode)
{
	cleanup_fd int fd = create_file_at(parent_fd, name, mode);

	if (fd < 0)
		return -1;
	if ((!stage->is_given || give_to_owner_of(stage->writer.place.store_fd, fd) == 0) &&
	    (!stage->top.inherits_acl || (attribute_remove(fd, ATTRIBUTE_ACL) == 0 && fchmod(fd, mode) == 0)))
		return take_fd(&fd);
	return entry_undo(parent_fd, name, 0);
}

/* Gives a file that has the bytes of the live one the time that the live one has, so that ETags do not change with every
 * publication. A failure does no harm. */
static void file_keep_time(const struct atomicdir_stage *stage, int fd, const struct twin *twin)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

	if (!twin || !stage->writer.options.keep_times)
		return;
	times[1] = twin->facts.modified;
	futimens(fd, times);
}

static int file_fill(struct atomicdir_stage *stage, int fd, const struct put *put)
{
	const struct entry *entry = &put->entry;

	if (!entry->bytes && entry->size)
		return held_copy(&stage->held, put->index, fd, &stage->stop);
	return write_all(fd, entry->bytes, entry->size);
}

/* Writing to a file takes these bits away, unless root does it. */
static int file_restore_mode(int fd, mode_t mode)
{
	return mode & (S_ISUID | S_ISGID) ? fchmod(fd, mode & 07777) : 0;
}

static int put_file(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct put *put)
{
	cleanup_fd int fd = -1;

	if (put->twin && put->twin->is_linkable && stage->writer.options.link_unchanged &&
	    held_link(&stage->held, &put->entry, put->twin, parent_fd, name) == 0)
		return 0;
	fd = file_make(stage, parent_fd, name, put->entry.mode & 07777);
	if (fd < 0)
		return -1;
	if (file_fill(stage, fd, put) == 0 && file_restore_mode(fd, put->entry.mode) == 0) {
		file_keep_time(stage, fd, put->twin);
		if (close(take_fd(&fd)) == 0)
			return 0;
	}
	return entry_undo(parent_fd, name, 0);
}

static int put_link(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct put *put)
{
	if (symlinkat(put->entry.bytes, parent_fd, name) < 0)
		return -1;
	return entry_give(stage, parent_fd, name) == 0 ? 0 : entry_undo(parent_fd, name, 0);
}

static int put_directory(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct put *put)
{
	return directory_make(stage, parent_fd, name, put->entry.mode & 07777);
}

static int put_empty_file(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct put *put)
{
	return file_make(stage, parent_fd, name, put->entry.mode & 07777);
}

/* How an entry is made. It returns a descriptor, or 0; -1 with errno, and then there is nothing of that name. */
struct making {
	const char *what;
	int (*make)(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct put *put);
};
static const struct making makings[] = {
	[ENTRY_FILE] = { "write the file", put_file },
	[ENTRY_DIRECTORY] = { "make the directory", put_directory },
	[ENTRY_LINK] = { "make the symlink", put_link },
};
static const struct making making_opened = { "make the file", put_empty_file };

static int put_fail(const struct put *put, const struct making *making, struct atomicdir_error *error)
{
	if (errno == ESTALE)
		return error_object(error, ATOMICDIR_FAILED, put->entry.path,
				    "was changed in the live generation while it was compared; run it again");
	return error_system(error, errno, put->entry.path, "cannot %s", making->what);
}

static int put_try(struct atomicdir_stage *stage, const struct put *put, const struct making *making,
		   struct atomicdir_error *error)
{
	const char *name;
	int parent_fd = put_parent(stage, put->entry.path, &name, error), done;

	if (parent_fd < 0)
		return -1;
	done = making->make(stage, parent_fd, name, put);
	return done < 0 ? put_fail(put, making, error) : done;
}

static int put_make(struct atomicdir_stage *stage, const struct put *put, const struct making *making,
		    struct atomicdir_error *error)
{
	int done = put_try(stage, put, making, error);

	if (done >= 0 || !room_make(&stage->writer, error->errnum))
		return done;
	error_clear(error);
	return put_try(stage, put, making, error);
}

/* What an entry adds to what the stage is known to hold. */
static void put_count(struct atomicdir_stage *stage, const struct entry *entry)
{
	stage->known.files += entry->kind == ENTRY_FILE;
	stage->known.bytes += entry->kind == ENTRY_FILE ? (int64_t)entry->size : 0;
	stage->has_links = stage->has_links || entry->kind == ENTRY_LINK;
}

static int put_counted(struct atomicdir_stage *stage, const struct put *put, struct atomicdir_error *error)
{
	if (put_make(stage, put, &makings[put->entry.kind], error) < 0)
		return -1;
	put_count(stage, &put->entry);
	return 0;
}

/* Only then is it worth to look for the live file that has an entry's bytes. */
static bool put_wants_twin(const struct atomicdir_stage *stage, const struct entry *entry)
{
	const struct atomicdir_options *options = &stage->writer.options;

	return entry->kind == ENTRY_FILE && (options->link_unchanged || options->keep_times);
}

int put_entry(struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error)
{
	struct put put = { .entry = *entry };
	struct twin twin;

	if (put_wants_twin(stage, entry) && held_find_twin(&stage->held, entry, &twin))
		put.twin = &twin;
	return put_counted(stage, &put, error);
}

int put_held(struct atomicdir_stage *stage, size_t index, struct atomicdir_error *error)
{
	struct put put = { .index = index };
	struct twin twin;

	held_get(&stage->held, index, &put.entry);
	if (put_wants_twin(stage, &put.entry) && held_get_twin(&stage->held, index, &twin))
		put.twin = &twin;
	return put_counted(stage, &put, error);
}

int put_opened(struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error)
{
	const struct put put = { .entry = *entry };

	return put_make(stage, &put, &making_opened, error);
}

int put_refuse(const struct entry *entry, struct atomicdir_error *error)
{
	if (errno == EEXIST)
		return error_system(error, errno, entry->path, "cannot %s", makings[entry->kind].what);
	return error_system(error, errno, entry->path, "cannot make the directory for");
}
