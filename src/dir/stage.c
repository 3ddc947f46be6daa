/* SPDX-License-Identifier: ISC */
#include "dir/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/broken.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/copy.h"
#include "dir/options.h"
#include "dir/publish.h"
#include "dir/recover.h"

#define NOTE_MAX INFO_NOTE_MAX
#define IMPLIED_MODE 0755 /* of directories that are made on the way to an entry */

static int make_directory(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE], entry[NAME_SIZE + NAME_NUMBER_SIZE];
	const struct store *store = &stage->writer.store;

	stage->number = is_broken("numbers-used-again") ? stage->writer.live + 1
							: store_take_number(store, stage->writer.highest, error);
	if (stage->number < 0)
		return -1;
	name_link_text(&store->name, stage->number, entry, sizeof(entry));
	stage->path = name_absolute(&store->name, entry);
	if (!stage->path)
		return error_errno(error, store->name.parent, "cannot tell the absolute path of LINK's directory");
	name_number(name, stage->number, "");
	stage->fd = create_directory_at(store->fd, name, 0700);
	if (stage->fd < 0)
		return error_errno(error, stage->path, "cannot make the fresh directory");
	return 0;
}

struct atomicdir_stage *stage_new(struct writer *writer, struct atomicdir_error *error)
{
	struct atomicdir_stage *stage = calloc(1, sizeof(*stage));

	if (!stage) {
		error_errno(error, NULL, "cannot begin");
		writer_end(writer);
		return NULL;
	}
	stage->writer = *writer;
	stage->fd = stage->recent_fd = -1;
	stage->top_mode = IMPLIED_MODE;
	if (make_directory(stage, error) == 0)
		return stage;
	if (stage->fd < 0)
		stage->state = STAGE_ENDED; /* nothing to remove */
	store_unmake(&stage->writer.store);
	atomicdir_free(stage);
	return NULL;
}

struct atomicdir_stage *atomicdir_begin(const char *link, const struct atomicdir_options *options,
					struct atomicdir_error *error)
{
	struct atomicdir_options own;
	struct writer writer = { .store = STORE_INIT };
	struct atomicdir_stage *stage = NULL;

	error_clear(error);
	if (options_read(&own, options, error) == 0) {
		/* A fill starts from the defaults; all others go by what the last fill was told. */
		own.keep = own.keep < 0 ? OPTIONS_KEEP_DEFAULT : own.keep;
		own.grace_ms = own.grace_ms < 0 ? OPTIONS_GRACE_MS_DEFAULT : own.grace_ms;
		if (writer_begin(&writer, link, &own, WRITER_OURS, error) == 0)
			stage = stage_new(&writer, error);
	}
	writer_report(stage ? &stage->writer : &writer, stage ? 0 : -1, error);
	return stage;
}

void atomicdir_free(struct atomicdir_stage *stage)
{
	struct atomicdir_error ignored;

	if (!stage)
		return;
	error_clear(&ignored);
	if (stage->state != STAGE_ENDED) {
		close_fd(&stage->recent_fd);
		generation_remove(&stage->writer.store, stage->number, &ignored);
		publish_make_room(&stage->writer, stage->errnum);
		if (stage->writer.options.dry_run)
			store_unmake(&stage->writer.store);
	}
	for (size_t i = 0; i < stage->mode_count; i++)
		free(stage->modes[i].path);
	free(stage->modes);
	free(stage->recent_path);
	free(stage->path);
	free(stage->note);
	close_fd(&stage->recent_fd);
	close_fd(&stage->fd);
	writer_end(&stage->writer);
	free(stage);
}

int atomicdir_fd(const struct atomicdir_stage *stage)
{
	return stage->fd;
}

const char *atomicdir_path(const struct atomicdir_stage *stage)
{
	return stage->path;
}

/* ---- Paths inside the stage ---- */

static int check_path(const char *path, struct atomicdir_error *error)
{
	const char *part = path;

	if (!path || !*path || *path == '/')
		return error_set(error, ATOMICDIR_USAGE, path, "the path of an entry must be relative and not empty");
	if (strncmp(path, TREE_WAKE_NAME, sizeof(TREE_WAKE_NAME) - 1) == 0)
		return error_set(error, ATOMICDIR_USAGE, path, "this name is kept for waking watchers");
	for (;; part++) {
		size_t size = strcspn(part, "/");

		if (!size || (size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
			return error_set(error, ATOMICDIR_USAGE, path,
					 "the path of an entry may not hold \"\", \".\" or \"..\"");
		part += size;
		if (!*part)
			return 0;
	}
}

/* Later calls for the same path count less: the mode that the first one found or was told is the one to give back. */
static int remember_mode(struct atomicdir_stage *stage, const char *path, mode_t mode)
{
	struct stage_mode *more;
	char *copy;

	for (size_t i = stage->mode_count; i-- > 0;)
		if (strcmp(stage->modes[i].path, path) == 0)
			return 0;
	more = reallocarray(stage->modes, stage->mode_count + 1, sizeof(*more));
	if (!more)
		return -1;
	stage->modes = more;
	copy = strdup(path);
	if (!copy)
		return -1;
	stage->modes[stage->mode_count++] = (struct stage_mode){ copy, mode };
	return 0;
}

/* A directory that we made or copied may lack its owner's write bit; it is lent until the stage is sealed. */
static int lend(struct atomicdir_stage *stage, int fd, const char *path)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || (status.st_mode & 0700) == 0700)
		return 0;
	if (remember_mode(stage, path, status.st_mode & 07777) < 0)
		return -1;
	return fchmod(fd, (status.st_mode & 07777) | 0700);
}

/* The directory `path` inside the stage, made where it is missing; never through a symlink. */
static int open_directory(struct atomicdir_stage *stage, char *path)
{
	cleanup_fd int fd = fcntl(stage->fd, F_DUPFD_CLOEXEC, 0);
	char *rest = path;

	while (fd >= 0 && *rest) {
		size_t size = strcspn(rest, "/");
		char *end = rest + size, kept = *end;
		int next;

		*end = '\0';
		if (mkdirat(fd, rest, 0700) == 0 && remember_mode(stage, path, IMPLIED_MODE) < 0)
			return -1;
		next = open_lending_at(fd, rest, O_RDONLY | O_DIRECTORY);
		if (next < 0 || lend(stage, next, path) < 0) {
			close_fd(&next);
			return -1;
		}
		*end = kept;
		rest = kept ? end + 1 : end;
		close_fd(&fd);
		fd = next;
	}
	return take_fd(&fd);
}

/* The descriptor of the directory that `path` goes into; it stays the stage's. *name: the last component. */
static int parent_of(struct atomicdir_stage *stage, const char *path, const char **name, struct atomicdir_error *error)
{
	const char *slash;
	cleanup_free char *directory = NULL;

	if (stage->state == STAGE_ENDED)
		return error_set(error, ATOMICDIR_USAGE, path, "the stage has ended");
	if (check_path(path, error) < 0)
		return -1;
	stage->state = STAGE_FILLING;
	slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	if (!slash)
		return stage->fd;
	directory = strndup(path, (size_t)(slash - path));
	if (!directory)
		return error_errno(error, path, "cannot make the entry");
	if (stage->recent_path && strcmp(stage->recent_path, directory) == 0)
		return stage->recent_fd;
	free_pointer(&stage->recent_path);
	close_fd(&stage->recent_fd);
	stage->recent_fd = open_directory(stage, directory);
	if (stage->recent_fd < 0)
		return error_errno(error, path, "cannot make the directory of the entry");
	stage->recent_path = take_pointer(&directory);
	return stage->recent_fd;
}

int stage_apply_modes(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	/* What is inside comes first: its parents may lose the right to be entered. */
	while (stage->mode_count) {
		struct stage_mode *last = &stage->modes[stage->mode_count - 1];
		cleanup_fd int fd = -1;
		struct stat status;

		/* The directories above are still lent, so this finds it, or it is gone and so is its mode. */
		fd = open_directory(stage, last->path);
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return error_errno(error, last->path, "cannot set the directory's mode");
		if (fd >= 0 && (fstat(fd, &status) < 0 || fchmod(fd, last->mode | (status.st_mode & S_ISGID)) < 0))
			return error_errno(error, last->path, "cannot set the directory's mode");
		last = &stage->modes[stage->mode_count - 1];
		free_pointer(&last->path);
		stage->mode_count--;
	}
	free_pointer(&stage->recent_path);
	close_fd(&stage->recent_fd);
	return 0;
}

/* ---- Entries ---- */

/* Every call that adds to the stage ends with it, errno still being why it failed. */
static int end_entry(struct atomicdir_stage *stage, int result)
{
	if (result < 0)
		stage->errnum = errno;
	return result;
}

int atomicdir_create(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error)
{
	const char *name;
	int parent_fd, fd;

	error_clear(error);
	parent_fd = parent_of(stage, path, &name, error);
	if (parent_fd < 0)
		return end_entry(stage, -1);
	fd = create_file_at(parent_fd, name, mode & 07777);
	return fd < 0 ? end_entry(stage, error_errno(error, path, "cannot make the file")) : fd;
}

int atomicdir_write(struct atomicdir_stage *stage, const char *path, const void *data, size_t size, mode_t mode,
		    struct atomicdir_error *error)
{
	const char *name;
	int parent_fd;

	error_clear(error);
	parent_fd = parent_of(stage, path, &name, error);
	if (parent_fd < 0)
		return end_entry(stage, -1);
	if (write_file_at(parent_fd, name, mode & 07777, data, size) < 0)
		return end_entry(stage, error_errno(error, path, "cannot write the file"));
	return 0;
}

int atomicdir_mkdir(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error)
{
	const char *name;
	int parent_fd;

	error_clear(error);
	parent_fd = parent_of(stage, path, &name, error);
	if (parent_fd < 0)
		return end_entry(stage, -1);
	if (mkdirat(parent_fd, name, 0700) < 0 || remember_mode(stage, path, mode & 07777) < 0)
		return end_entry(stage, error_errno(error, path, "cannot make the directory"));
	return 0;
}

int atomicdir_symlink(struct atomicdir_stage *stage, const char *path, const char *to, struct atomicdir_error *error)
{
	const char *name;
	int parent_fd;

	error_clear(error);
	parent_fd = parent_of(stage, path, &name, error);
	if (parent_fd < 0)
		return end_entry(stage, -1);
	if (symlinkat(to, parent_fd, name) < 0)
		return end_entry(stage, error_errno(error, path, "cannot make the symlink"));
	return 0;
}

/* A tree that holds the store would be copied into itself without end. */
static int check_source(const struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error)
{
	cleanup_free char *real = realpath(from, NULL);
	size_t size = real ? strlen(real) : 0;

	if (!real || strncmp(stage->path, real, size) != 0 || (stage->path[size] != '/' && size > 1 && stage->path[size]))
		return 0;
	return error_set(error, ATOMICDIR_USAGE, from, "the directory to copy holds LINK's own store");
}

int atomicdir_copy(struct atomicdir_stage *stage, const char *path, const char *from, struct atomicdir_error *error)
{
	cleanup_fd int from_fd = -1;
	const char *name;
	int parent_fd;

	error_clear(error);
	if (check_source(stage, from, error) < 0)
		return -1;
	if (path && strcmp(path, ".") != 0) {
		parent_fd = parent_of(stage, path, &name, error);
		return end_entry(stage, parent_fd < 0 ? -1 : tree_copy_at(AT_FDCWD, from, parent_fd, name, false, error));
	}
	if (stage->state == STAGE_ENDED)
		return error_set(error, ATOMICDIR_USAGE, path, "the stage has ended");
	stage->state = STAGE_FILLING;
	from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from_fd < 0)
		return error_errno(error, from, "cannot open the directory to copy");
	return end_entry(stage, tree_copy_content(from_fd, stage->fd, false, error));
}

static int open_live_parent(const struct atomicdir_stage *stage, const char *path, const char **name)
{
	cleanup_fd int fd = writer_open_generation(&stage->writer, stage->writer.live);
	cleanup_free char *copy = strdup(path);
	char *rest = copy, *slash;

	*name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	while (copy && fd >= 0 && (slash = strchr(rest, '/'))) {
		int next;

		*slash = '\0';
		next = open_directory_at(fd, rest);
		close_fd(&fd);
		fd = next;
		rest = slash + 1;
	}
	return copy ? take_fd(&fd) : -1;
}

int atomicdir_carry(struct atomicdir_stage *stage, const char *path, struct atomicdir_error *error)
{
	cleanup_fd int live_fd = -1;
	const char *name;
	int parent_fd;

	error_clear(error);
	if (path && strcmp(path, ".") == 0) {
		if (stage->writer.live && stage->state != STAGE_ENDED)
			live_fd = writer_open_generation(&stage->writer, stage->writer.live);
		else
			errno = ENOENT;
		if (live_fd < 0)
			return error_errno(error, path, "cannot carry from the live generation");
		stage->state = STAGE_FILLING;
		return end_entry(stage, tree_copy_content(live_fd, stage->fd, true, error));
	}
	if (check_path(path, error) < 0)
		return -1;
	errno = ENOENT;
	live_fd = stage->writer.live ? open_live_parent(stage, path, &name) : -1;
	if (live_fd < 0 || faccessat(live_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(error, path, "cannot carry from the live generation");
	parent_fd = parent_of(stage, path, &name, error);
	return end_entry(stage, parent_fd < 0 ? -1 : tree_copy_at(live_fd, name, parent_fd, name, true, error));
}

int atomicdir_note(struct atomicdir_stage *stage, const char *text, struct atomicdir_error *error)
{
	char *copy;

	error_clear(error);
	if (strlen(text) > NOTE_MAX || strchr(text, '\n'))
		return error_set(error, ATOMICDIR_USAGE, NULL, "a note is one line of at most %d bytes", NOTE_MAX);
	copy = strdup(text);
	if (!copy)
		return error_errno(error, NULL, "cannot keep the note");
	free(stage->note);
	stage->note = copy;
	return 0;
}
