/* SPDX-License-Identifier: ISC */
#include "dir/matches.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/pin.h"

/* Whether a symlink is one that the seal would surely let pass; others are for the seal to judge. */
static __attribute__((noinline)) bool matching_link_stays(struct matching *matching, int directory_fd, const char *name,
							  const char *path)
{
	struct walk_entry found = { .directory_fd = directory_fd, .name = name, .path = path, .fd = -1 };
	struct links *links = &matching->links;
	struct atomicdir_error ignored;
	char text[PATH_MAX];
	ssize_t size = readlinkat(directory_fd, name, text, sizeof(text) - 1);

	if (size < 0)
		return false;
	text[size] = '\0';
	if (strstr(text, links->place->name.store))
		return false;
	if (*text != '/')
		return links_stay(links->top_fd, path);
	error_clear(&ignored);
	return links_check(links, &found, &ignored) == 0;
}

/* The mode that an option states; 0: as it is. A directory keeps its setgid bit, but for the top. */
static mode_t matching_stated_mode(const struct matching *matching, const char *name, mode_t mode)
{
	const struct atomicdir_options *options = &matching->stage->writer.options;

	if (S_ISREG(mode))
		return options->file_mode;
	if (!*name && options->top_mode)
		return options->top_mode;
	if (!S_ISDIR(mode) || !options->dir_mode)
		return 0;
	return options->dir_mode | (*name ? mode & S_ISGID : 0);
}

/* An ordinary user's copy of what belongs to others loses owners and bits of the mode: that is for the copy to find out. */
static bool matching_set_owner(const struct matching *matching, struct tree_entry *from)
{
	const struct held *held = &matching->stage->held;
	const struct atomicdir_options *options = &matching->stage->writer.options;

	if (held->self != 0 && (from->uid != held->self || from->gid != held->store_gid))
		return false;
	if (options->uid != (uid_t)-1)
		from->uid = options->uid;
	if (options->gid != (gid_t)-1)
		from->gid = options->gid;
	return true;
}

static bool matching_expect(void *arg, int directory_fd, const char *name, const char *path, struct tree_entry *from)
{
	struct matching *matching = arg;
	mode_t stated = matching_stated_mode(matching, name, from->mode);

	if (!S_ISREG(from->mode) && !S_ISDIR(from->mode) && !S_ISLNK(from->mode))
		return false;
	/* A stated mode is exact, and takes an ACL away. */
	if ((*name && from->is_mount) || !matching_set_owner(matching, from) ||
	    (stated && attributes_have_acl(directory_fd, name)))
		return false;
	if (stated)
		from->mode = (from->mode & S_IFMT) | stated;
	return !S_ISLNK(from->mode) || matching_link_stays(matching, directory_fd, name, path);
}

static struct matching matching_of(const struct atomicdir_stage *stage, int from_fd)
{
	const struct writer *writer = &stage->writer;

	return (struct matching){
		.stage = stage,
		.links = { .place = &writer->place, .top_fd = writer->live.fd, .leaving = LINKS_MUST_STAY, .from_fd = from_fd },
	};
}

/* -1 with `stop` set: the error says so. Every other failure of the comparison is one that the copy will meet. */
static int stage_match(struct atomicdir_stage *stage, int from_fd, struct atomicdir_error *error)
{
	const struct writer *writer = &stage->writer;
	struct matching matching = matching_of(stage, from_fd);
	struct compare compare = { .stop = &stage->stop, .expect = matching_expect, .arg = &matching };
	int differs = tree_compare(&compare, writer->live.fd, from_fd, error);

	links_clear(&matching.links);
	if (differs < 0 && stage->stop)
		return -1;
	error_clear(error);
	return differs == 0;
}

int atomicdir_matches(struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error)
{
	cleanup_fd int pin_fd = -1, from_fd = -1;
	struct atomicdir_error own;
	int is_same;

	error = error_or(error, &own);
	/* Where new directories get a bit of the store's, or owners are not ours to tell, a copy differs from DIR. */
	if (!stage_is_held(stage) || stage->held.count || stage->held.setgid)
		return 0;
	if (pin_source(from, &pin_fd, error) < 0)
		return -1;
	from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_same = from_fd < 0 ? 0 : stage_match(stage, from_fd, error);
	stage->is_matched = is_same == 1;
	return is_same;
}

/* ---- Hard links in place of copies ---- */

/* The path of an entry in the stage, of which `path` is what lies below the directory that is copied into. For free(3). */
static char *linker_path(const struct linker *linker, const char *path)
{
	const char *slash = strrchr(linker->path, '/');
	char *whole;

	if (!slash)
		return strdup(path);
	return asprintf(&whole, "%.*s/%s", (int)(slash - linker->path), linker->path, path) < 0 ? NULL : whole;
}

static bool linker_link(void *arg, int from_dir, const char *name, const struct tree_entry *facts, const char *path, int to_dir)
{
	struct linker *linker = arg;
	struct held *held = &linker->stage->held;
	cleanup_free char *whole = linker_path(linker, path);
	struct leaves leaves = { .a_dir = whole ? held_reach(held, whole) : -1, .b_dir = from_dir, .name = name, .b = *facts };
	const struct entry entry = { .kind = ENTRY_FILE, .path = whole };
	struct timespec tick = clock_tick();
	struct twin twin;

	if (leaves.a_dir < 0 || compare_leaves(linker->comparison, &leaves) != 1)
		return false;
	twin = (struct twin){ .directory_fd = leaves.a_dir,
			      .facts = leaves.a,
			      .is_recent = !clock_is_before(leaves.a.changed, tick),
			      .has_bytes = true,
			      .is_linkable = true };
	return !twin.is_recent && held_link(held, &entry, &twin, to_dir, name) == 0;
}

const struct copy_links *linker_begin(struct linker *linker, struct atomicdir_stage *stage, const char *path)
{
	*linker = (struct linker){ .stage = stage, .path = path, .links = { linker_link, linker } };
	if (!stage->writer.options.link_unchanged || !held_can_look(&stage->held))
		return NULL;
	linker->matching = matching_of(stage, -1);
	linker->how = (struct compare){ .stop = &stage->stop, .expect = matching_expect, .arg = &linker->matching };
	linker->comparison = comparison_new(&linker->how);
	return linker->comparison ? &linker->links : NULL;
}

void linker_end(struct linker *linker)
{
	comparison_free(&linker->comparison);
	links_clear(&linker->matching.links);
}
