/* SPDX-License-Identifier: ISC
 *
 * The entries that callers put into a stage. Paths are relative and never go through a symlink; missing parent directories are
 * made. A directory without its owner's write bit has that bit until the stage is sealed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/path.h"
#include "dir/copy.h"
#include "base/attributes.h"
#include "dir/carry.h"
#include "dir/content.h"
#include "dir/layout.h"
#include "dir/pin.h"
#include "dir/room.h"
#include "dir/stage.h"

/* ---- Paths ---- */

static int path_check(const struct atomicdir_stage *stage, const char *path, struct atomicdir_error *error)
{
	const char *part = path;
	char top[NAME_SIZE];

	if (!path || !*path || *path == '/')
		return error_object(error, ATOMICDIR_USAGE, path,
				    "is not a valid path of an entry: it must be relative and not empty");
	snprintf(top, sizeof(top), "%.*s", (int)strcspn(path, "/"), path);
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

	if (geteuid() != 0)
		return 0;
	fd = openat(parent_fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -1 : give_to_owner_of(stage->writer.place.store_fd, fd);
}

/* A new directory: its mode is set when the stage is sealed. */
static int directory_make(struct atomicdir_stage *stage, int parent_fd, const char *name, mode_t mode)
{
	struct tree_entry made;

	if (mkdirat(parent_fd, name, 0700) < 0 || entry_give(stage, parent_fd, name) < 0)
		return -1;
	return tree_look(parent_fd, name, &made) < 0 ? -1 : seal_modes_add(&stage->directories, &made, mode);
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

/* Returns the directory that `path` is to be made in; the stage owns that descriptor. *name: the last component of `path`. */
static int path_parent(struct atomicdir_stage *stage, const char *path, const char **name, struct atomicdir_error *error)
{
	cleanup_free char *directory = NULL, *walked = NULL;
	const char *slash;

	if (stage->state == STAGE_ENDED)
		return error_set(error, ATOMICDIR_USAGE, NULL, "the stage has ended");
	if (path_check(stage, path, error) < 0)
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
	if (give_to_owner_of(stage->writer.place.store_fd, fd) == 0 &&
	    (!stage->top.inherits_acl || (attribute_remove(fd, ATTRIBUTE_ACL) == 0 && fchmod(fd, mode) == 0)))
		return take_fd(&fd);
	unlinkat(parent_fd, name, 0);
	return -1;
}

static int entry_write(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct entry *entry)
{
	cleanup_fd int fd = file_make(stage, parent_fd, name, entry->mode & 07777);
	int saved;

	if (fd < 0)
		return -1;
	if ((!entry->bytes || write_all(fd, entry->bytes, entry->size) == 0) && close(take_fd(&fd)) == 0)
		return 0;
	saved = errno;
	unlinkat(parent_fd, name, 0);
	errno = saved;
	return -1;
}

static int entry_link(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct entry *entry)
{
	if (symlinkat(entry->bytes, parent_fd, name) < 0)
		return -1;
	return entry_give(stage, parent_fd, name);
}

static int entry_mkdir(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct entry *entry)
{
	return directory_make(stage, parent_fd, name, entry->mode & 07777);
}

static int entry_create(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct entry *entry)
{
	return file_make(stage, parent_fd, name, entry->mode & 07777);
}

/* How an entry is made. It returns a descriptor, or 0; -1 with errno, and then there is nothing of that name. */
struct making {
	const char *what;
	int (*make)(struct atomicdir_stage *stage, int parent_fd, const char *name, const struct entry *entry);
};
static const struct making makings[] = {
	[ENTRY_FILE] = { "write the file", entry_write },
	[ENTRY_DIRECTORY] = { "make the directory", entry_mkdir },
	[ENTRY_LINK] = { "make the symlink", entry_link },
};
static const struct making making_opened = { "make the file", entry_create };

static int entry_fail(const struct entry *entry, const struct making *making, struct atomicdir_error *error)
{
	return error_system(error, errno, entry->path, "cannot %s", making->what);
}

static int entry_try(struct atomicdir_stage *stage, const struct entry *entry, const struct making *making,
		     struct atomicdir_error *error)
{
	const char *name;
	int parent_fd = path_parent(stage, entry->path, &name, error), done;

	if (parent_fd < 0)
		return -1;
	done = making->make(stage, parent_fd, name, entry);
	return done < 0 ? entry_fail(entry, making, error) : done;
}

static int entry_make(struct atomicdir_stage *stage, const struct entry *entry, const struct making *making,
		      struct atomicdir_error *error)
{
	int done = entry_try(stage, entry, making, error);

	if (done >= 0 || !room_make(&stage->writer, error->errnum))
		return done;
	error_clear(error);
	return entry_try(stage, entry, making, error);
}

int stage_put(struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error)
{
	return entry_make(stage, entry, &makings[entry->kind], error);
}

/* Says of an entry that is not added what making it would say. */
static int entry_refuse(const struct entry *entry, struct atomicdir_error *error)
{
	if (errno == EEXIST)
		return entry_fail(entry, &makings[entry->kind], error);
	return error_system(error, errno, entry->path, "cannot make the directory for");
}

/* An entry that is the same as the live one is held; the first one that is not ends that for all. */
static int entry_add(struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error)
{
	struct atomicdir_error own;

	error = error_or(error, &own);
	if (path_check(stage, entry->path, error) < 0)
		return -1;
	if (stage_is_held(stage) && !stage->is_matched) {
		enum held_answer answer = held_add(&stage->held, entry);

		stage->state = STAGE_FILLING;
		if (answer == HELD_SAME)
			return 0;
		if (answer == HELD_REFUSED)
			return entry_refuse(entry, error);
	}
	if (stage_write_held(stage, error) < 0)
		return -1;
	return stage_put(stage, entry, error);
}

int atomicdir_write(struct atomicdir_stage *stage, const char *path, const void *data, size_t size, mode_t mode,
		    struct atomicdir_error *error)
{
	struct entry entry = { ENTRY_FILE, path, mode, data, size };

	return entry_add(stage, &entry, error);
}

int atomicdir_mkdir(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error)
{
	struct entry entry = { ENTRY_DIRECTORY, path, mode, NULL, 0 };

	return entry_add(stage, &entry, error);
}

int atomicdir_symlink(struct atomicdir_stage *stage, const char *path, const char *to, struct atomicdir_error *error)
{
	struct entry entry = { ENTRY_LINK, path, 0, to, strlen(to) };

	return entry_add(stage, &entry, error);
}

int atomicdir_create(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error)
{
	struct entry entry = { ENTRY_FILE, path, mode, NULL, 0 };
	struct atomicdir_error own;

	error = error_or(error, &own);
	if (stage_write_held(stage, error) < 0)
		return -1;
	return entry_make(stage, &entry, &making_opened, error);
}

/* The bytes of a held file that are not in memory come from the live one. */
int stage_copy_held(struct atomicdir_stage *stage, size_t index, const struct entry *entry, struct atomicdir_error *error)
{
	cleanup_fd int fd = -1;
	const char *name;
	int parent_fd;

	if (entry->bytes || !entry->size)
		return 0;
	parent_fd = path_parent(stage, entry->path, &name, error);
	if (parent_fd < 0)
		return -1;
	fd = open_lending_at(parent_fd, name, O_RDWR);
	if (fd >= 0 && held_copy(&stage->held, index, fd, &stage->stop) == 0)
		return 0;
	if (errno == ESTALE)
		return error_object(error, ATOMICDIR_FAILED, entry->path,
				    "was changed in the live generation while it was compared; run it again");
	return error_system(error, errno, entry->path, "cannot write the file");
}

/* ---- Copies ---- */

int stage_copy_directory(struct atomicdir_stage *stage, int from_fd, struct copy_rules *rules, struct atomicdir_error *error)
{
	int done;

	if (stage->state == STAGE_ENDED)
		return error_set(error, ATOMICDIR_USAGE, NULL, "the stage has ended");
	stage->state = STAGE_FILLING;
	rules->requires_attributes = stage->writer.options.require_xattrs;
	rules->stop = &stage->stop;
	rules->writer = &stage->writer;
	done = top_copy(&stage->top, stage->fd, from_fd, rules, error);
	if (done == 0)
		done = tree_copy_content(from_fd, stage->fd, rules, error);
	if (done == 0)
		done = top_copy_time(stage->fd, from_fd, error);
	stage->lost_attributes += rules->lost;
	return done;
}

static int copy_entry_to(struct atomicdir_stage *stage, int from_fd, const char *from, const char *path,
			 struct copy_rules *rules, struct atomicdir_error *error)
{
	const char *name;
	int parent_fd = path_parent(stage, path, &name, error), done;

	rules->requires_attributes = stage->writer.options.require_xattrs;
	rules->stop = &stage->stop;
	rules->writer = &stage->writer;
	for (const char *slash = path; parent_fd >= 0 && (slash = strchr(slash, '/')); slash++)
		rules->depth++;
	done = parent_fd < 0 ? -1 : tree_copy_at(from_fd, from, parent_fd, name, rules, error);
	stage->lost_attributes += rules->lost;
	return done;
}

/* Refuses a tree that holds the store: it would be copied into itself without end. */
static int copy_check_source(const struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error)
{
	cleanup_free char *real = path_absolute(from);
	size_t size = real ? strlen(real) : 0;

	if (!real || strncmp(stage->path, real, size) != 0 || (stage->path[size] != '/' && size > 1 && stage->path[size]))
		return 0;
	return error_object(error, ATOMICDIR_USAGE, from, "holds the store of '%s', so a copy of it would contain itself",
			    stage->writer.place.name.link);
}

/* Makes the whole stage a copy of a directory. Its relative symlinks must lead to the same as they do there. */
static int copy_all(struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error)
{
	struct copy_rules rules = { 0 };

	close_fd(&stage->from_fd);
	stage->from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stage->from_fd < 0)
		return error_system(error, errno, from, "cannot open the source directory");
	stage->links_leaving = LINKS_MUST_STAY;
	return stage_copy_directory(stage, stage->from_fd, &rules, error);
}

int atomicdir_copy(struct atomicdir_stage *stage, const char *path, const char *from, struct atomicdir_error *error)
{
	struct copy_rules rules = { 0 };
	struct atomicdir_error own;
	cleanup_fd int pin_fd = -1;
	int done;

	error = error_or(error, &own);
	if (stage_write_held(stage, error) < 0 || copy_check_source(stage, from, error) < 0 ||
	    pin_source(from, &pin_fd, error) < 0)
		return -1;
	if (path && strcmp(path, ".") != 0)
		done = copy_entry_to(stage, AT_FDCWD, from, path, &rules, error);
	else
		done = copy_all(stage, from, error);
	return done;
}

/* Whether the live generation has an entry of this path. -1: that is an error. */
static int carry_find(const struct content *content, const char *path, int *parent_fd, const char **name,
		      struct atomicdir_error *error)
{
	struct tree_entry facts;

	*parent_fd = tree_open_parent(content->fd, path, name);
	if (*parent_fd >= 0 && tree_look(*parent_fd, *name, &facts) == 0) {
		if (!content->only || manifest_has(content->only, path, facts.mode))
			return 0;
		errno = ENOENT;
	}
	return error_system(error, errno, path, "cannot copy the live generation's");
}

/* Symlinks of the live generation into itself are changed to lead into the stage. */
static struct copy_rules carry_rules(const struct atomicdir_stage *stage)
{
	const struct writer *writer = &stage->writer;

	return (struct copy_rules){ .merges = true,
				    .is_exact = true,
				    .links = writer->options.link_unchanged,
				    .place = &writer->place,
				    .from = writer->live.number,
				    .to = stage->number };
}

static int carry_all(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	struct copy_rules rules = carry_rules(stage);
	const struct writer *writer = &stage->writer;
	cleanup_content struct content content = CONTENT_INIT;

	if (!writer->live.number)
		return error_system(error, ENOENT, writer->place.name.link, "cannot open the live generation of");
	if (content_open(&content, &writer->place, writer->live.number, error) < 0)
		return -1;
	stage->is_carried = true;
	return carry_live(stage, &content, &rules, error);
}

int atomicdir_carry(struct atomicdir_stage *stage, const char *path, struct atomicdir_error *error)
{
	struct copy_rules rules;
	struct atomicdir_error own;
	cleanup_content struct content content = CONTENT_INIT;
	cleanup_fd int live_fd = -1;
	const char *name;

	error = error_or(error, &own);
	if (stage_write_held(stage, error) < 0)
		return -1;
	if (path && strcmp(path, ".") == 0)
		return carry_all(stage, error);
	if (path_check(stage, path, error) < 0)
		return -1;
	if (!stage->writer.live.number)
		return error_system(error, ENOENT, path, "cannot copy the live generation's");
	if (content_open(&content, &stage->writer.place, stage->writer.live.number, error) < 0 ||
	    carry_find(&content, path, &live_fd, &name, error) < 0)
		return -1;
	stage->is_carried = true;
	rules = carry_rules(stage);
	return copy_entry_to(stage, live_fd, name, path, &rules, error);
}
