/* SPDX-License-Identifier: ISC
 *
 * The entries that callers put into a stage: held, made in its directory (put.c), or copied.
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
#include "dir/matches.h"
#include "dir/pin.h"
#include "dir/room.h"
#include "dir/put.h"
#include "dir/stage.h"

/* As the walks of readers, and of the seal, have it. */
static int entry_check(const struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error)
{
	int directories = entry->kind == ENTRY_DIRECTORY;

	if (put_check_path(stage, entry->path, error) < 0)
		return -1;
	for (const char *slash = entry->path; (slash = strchr(slash, '/')); slash++)
		directories++;
	if (directories <= TREE_DEPTH_MAX)
		return 0;
	return error_object(error, ATOMICDIR_FAILED, entry->path, "nests deeper than %d directories", TREE_DEPTH_MAX);
}

/* An entry that is the same as the live one is held; the first one that is not ends that for all. */
static int entry_add(struct atomicdir_stage *stage, const struct entry *entry, struct atomicdir_error *error)
{
	enum held_answer answer = HELD_NOT;
	struct atomicdir_error own;

	error = error_or(error, &own);
	if (entry_check(stage, entry, error) < 0)
		return -1;
	if (stage_is_held(stage) && !stage->is_matched) {
		answer = held_add(&stage->held, entry);
		stage->state = STAGE_FILLING;
	}
	if (answer == HELD_SAME)
		return 0;
	if (answer == HELD_REFUSED)
		return put_refuse(entry, error);
	if (stage_write_held(stage, error) < 0 || put_entry(stage, entry, error) < 0)
		return -1;
	stage->is_known_different = stage->is_known_different || answer == HELD_DIFFERS;
	return 0;
}

int atomicdir_write(struct atomicdir_stage *stage, const char *path, const void *data, size_t size, mode_t mode,
		    struct atomicdir_error *error)
{
	struct entry entry = { ENTRY_FILE, path, mode, data, size };

	if (!data && size)
		return error_object(error, ATOMICDIR_USAGE, path, "cannot be written: there are no bytes, but a size of %zu",
				    size);
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
	if (stage_share(stage, error) < 0)
		return -1;
	return put_opened(stage, &entry, error);
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
	cleanup_linker struct linker linker;
	const char *name;
	int parent_fd = put_parent(stage, path, &name, error), done;

	rules->requires_attributes = stage->writer.options.require_xattrs;
	rules->stop = &stage->stop;
	rules->writer = &stage->writer;
	rules->linked = linker_begin(&linker, stage, path);
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
	cleanup_linker struct linker linker;
	struct copy_rules rules = { .linked = linker_begin(&linker, stage, "") };

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
	if (stage_share(stage, error) < 0 || copy_check_source(stage, from, error) < 0 || pin_source(from, &pin_fd, error) < 0)
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
	if (stage_share(stage, error) < 0)
		return -1;
	if (path && strcmp(path, ".") == 0)
		return carry_all(stage, error);
	if (put_check_path(stage, path, error) < 0)
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
