/* SPDX-License-Identifier: ISC
 *
 * Adoption: what stands at LINK becomes the first generation, and readers see no gap. A real directory and our symlink are
 * exchanged in one rename; the directory behind somebody else's symlink is copied, and our symlink replaces that one. Where LINK stays
 * a directory its content is copied, and each name in it exchanged for a symlink (volume_trade.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lend.h"
#include "base/libc.h"
#include "dir/begin.h"
#include "dir/layout.h"
#include "dir/part.h"
#include "dir/prune.h"
#include "dir/publish.h"
#include "dir/room.h"
#include "dir/seal.h"
#include "dir/stage.h"
#include "dir/volume_names.h"

/* ---- The swap of an adoption: exchanges the directory at LINK and a symlink that has the generation's name ---- */

static int exchange_prepare(const struct place *place, int64_t number, struct atomicdir_error *warning,
			    struct atomicdir_error *error)
{
	char name[NAME_NUMBER_SIZE], text[NAME_SIZE + NAME_NUMBER_SIZE];
	struct stat top;

	(void)warning;
	part_name(name, number, PART_DIRECTORY);
	name_link_text(&place->name, number, text, sizeof(text));
	if (fstatat(place->parent_fd, place->name.base, &top, AT_SYMLINK_NOFOLLOW) < 0 ||
	    create_link_at(place->store_fd, name, text, top.st_uid, top.st_gid) < 0)
		return error_system(error, errno, place->name.store_path,
				    "cannot make the symlink for the exchange in the store");
	return 0;
}

/* The exchange has not happened, so the generation's name is still the symlink's. */
static void exchange_forget(const struct place *place, int64_t number)
{
	part_remove(place->store_fd, number, PART_DIRECTORY);
}

static enum outcome exchange_swap(const struct place *place, int64_t number, const struct live *before,
				  struct atomicdir_error *error)
{
	const char *link = place->name.link;
	char name[NAME_NUMBER_SIZE];

	(void)before;
	part_name(name, number, PART_DIRECTORY);
	if (renameat2(place->store_fd, name, place->parent_fd, place->name.base, RENAME_EXCHANGE) == 0)
		return OUTCOME_PUBLISHED;
	if (errno == EBUSY)
		error_system(error, errno, link, "cannot adopt the mount point");
	else if (errno == EINVAL || errno == ENOSYS || errno == EXDEV) {
		error_system(error, errno, link, "cannot adopt");
		error_append(error,
			     "this file system cannot exchange a directory for a symlink; move the directory away and fill "
			     "from it");
	} else
		error_system(error, errno, link, "cannot exchange the directory for a symlink");
	return OUTCOME_NOT_PUBLISHED;
}

static int exchange_make_durable(const struct place *place, int64_t number, enum sync_way way, struct atomicdir_error *error)
{
	(void)number;
	(void)way;
	if (sync_fd(place->parent_fd, place->name.parent, error) < 0)
		return -1;
	return sync_fd(place->store_fd, place->name.store_path, error);
}

static const struct swap exchange = {
	.prepare = exchange_prepare,
	.forget = exchange_forget,
	.swap = exchange_swap,
	.make_durable = exchange_make_durable,
};

/* ---- Adoption ---- */

/* Checks the directory by sealing it with rules that change nothing. It moves further down, so its relative symlinks must stay in it.
 * `store`: the store's name, where that is in the directory. */
static int adopt_check_directory(const struct place *place, int fd, const char *store, struct tree_count *count,
				 struct atomicdir_error *error)
{
	struct links links = { .place = place, .top_fd = fd, .leaving = LINKS_MUST_STAY, .from_fd = -1 };
	struct seal_rules rules = {
		.uid = (uid_t)-1, .gid = (gid_t)-1, .reserves = place->layout->reserves, .passed_over = store, .links = &links
	};
	int done = tree_seal(fd, &rules, count, error);

	links_clear(&links);
	return done;
}

/* Whose programs follow it as they follow a ConfigMap needs a volume, so the layout must be stated. */
static int adopt_check_layout(const struct writer *writer, int fd, struct atomicdir_error *error)
{
	struct stat data;

	if (writer->options.layout != ATOMICDIR_LAYOUT_AUTO || fstatat(fd, VOLUME_DATA, &data, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISLNK(data.st_mode))
		return 0;
	return error_object(error, ATOMICDIR_FAILED, writer->place.name.link,
			    "holds '" VOLUME_DATA "', as a ConfigMap does; adopt it with --layout volume, which leaves it a "
			    "directory, or with --layout link");
}

static enum outcome adopt_directory(struct writer *writer, struct atomicdir_error *error)
{
	const struct place *place = &writer->place;
	struct publication publication = { .swap = &exchange };
	cleanup_fd int fd = open_lending_at(place->parent_fd, place->name.base, O_RDONLY | O_DIRECTORY);
	enum outcome outcome;

	if (fd < 0) {
		error_system(error, errno, place->name.link, "cannot open the directory to adopt");
		return OUTCOME_NOT_PUBLISHED;
	}
	if (adopt_check_layout(writer, fd, error) < 0 || adopt_check_directory(place, fd, NULL, &publication.count, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (writer->options.dry_run)
		return OUTCOME_PUBLISHED;
	publication.fd = fd;
	publication.number = store_take_number(&writer->store, place, writer->highest, error);
	if (publication.number < 0)
		return OUTCOME_NOT_PUBLISHED;
	outcome = publish(writer, &publication, error);
	if (outcome == OUTCOME_PUBLISHED)
		prune(writer, NULL);
	return outcome;
}

/* The directory behind the symlink is copied as it is; the original is left alone. */
static enum outcome adopt_symlink(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	const struct place *place = &stage->writer.place;
	struct copy_rules rules = { .is_exact = true };
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;

	stage->from_fd = openat(place->parent_fd, place->name.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stage->from_fd < 0) {
		error_system(error, errno, place->name.link, "cannot open the directory behind the symlink");
		return OUTCOME_NOT_PUBLISHED;
	}
	stage->links_leaving = LINKS_MUST_AGREE;
	if (stage_make(stage, error) == 0 && stage_copy_directory(stage, stage->from_fd, &rules, error) == 0)
		outcome = stage_commit(stage, NULL, error);
	if (outcome == OUTCOME_NOT_PUBLISHED)
		room_report(&stage->writer, error);
	return outcome;
}

static bool adopt_wants(void *store, const char *path, mode_t mode)
{
	(void)mode;
	return strcmp(store, path) != 0;
}

/* Copies what is in the directory beside the store. Its setgid bit is not handed down to directories that lack it. */
static int adopt_copy(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	struct place *place = &stage->writer.place;
	struct copy_choice choice = { .wants = adopt_wants, .arg = place->name.store };
	struct copy_rules rules = { .choice = &choice, .is_exact = true, .stop = &stage->stop, .writer = &stage->writer };
	struct stat top;
	int done;

	if (fstat(stage->fd, &top) < 0 || (top.st_mode & S_ISGID && fchmod(stage->fd, top.st_mode & 07777 & ~S_ISGID) < 0))
		return error_system(error, errno, stage->path, "cannot set the mode of the new directory");
	done = tree_copy_content(place->parent_fd, stage->fd, &rules, error);
	stage->lost_attributes += rules.lost;
	if (top.st_mode & S_ISGID && fchmod(stage->fd, top.st_mode & 07777) < 0 && done == 0)
		return error_system(error, errno, stage->path, "cannot set the mode of the new directory");
	return done;
}

/* The content is copied, and the names are exchanged for symlinks one by one: the directory itself stays. */
static enum outcome adopt_names(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	const struct place *place = &writer->place;
	int64_t grace_ms = writer->grace_ms < GRACE_LEAST_MS ? GRACE_LEAST_MS : writer->grace_ms;
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;
	struct tree_count count;

	if (adopt_check_directory(place, place->parent_fd, place->name.store, &count, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (writer->options.dry_run)
		return OUTCOME_PUBLISHED;
	stage->swap = place->layout->adoption;
	if (stage_make(stage, error) == 0 && adopt_copy(stage, error) == 0)
		outcome = stage_commit(stage, NULL, error);
	if (outcome == OUTCOME_NOT_PUBLISHED)
		room_report(writer, error);
	if (outcome == OUTCOME_PUBLISHED)
		(void)place->layout->finish_adoption(place, stage->number, grace_ms, sync_way_has_disk(writer->way),
						     &writer->warning);
	return outcome;
}

static int adopt_check_options(const struct atomicdir_options *options, struct atomicdir_error *error)
{
	if (options->hook == ATOMICDIR_HOOK_LOCKED)
		return error_set(error, ATOMICDIR_USAGE, NULL, "an adoption cannot run its hook with the lock held");
	if (options->uid != (uid_t)-1 || options->gid != (gid_t)-1 || options->file_mode || options->dir_mode)
		return error_set(error, ATOMICDIR_USAGE, NULL, "an adoption keeps owners and modes as they are");
	return 0;
}

static enum outcome adopt(struct atomicdir_stage *stage, struct atomicdir_error *error)
{
	struct writer *writer = &stage->writer;
	const char *link = writer->place.name.swapped;
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;

	if (adopt_check_options(&writer->options, error) < 0)
		return OUTCOME_NOT_PUBLISHED;
	if (writer->place.layout->moves_entries && writer->live.stands == STANDS_NOTHING) {
		error_object(
			error, ATOMICDIR_USAGE, writer->place.name.link,
			"cannot be adopted with the layout files, which takes over no files of others; fill it, and they stay");
		return OUTCOME_NOT_PUBLISHED;
	}
	switch (writer->live.stands) {
	case STANDS_SYMLINK:
		return adopt_symlink(stage, error);
	case STANDS_DIRECTORY:
		outcome = adopt_directory(writer, error);
		if (outcome == OUTCOME_NOT_PUBLISHED)
			room_report(writer, error);
		return outcome;
	case STANDS_OURS:
		return OUTCOME_UNCHANGED;
	case STANDS_NOTHING:
		if (writer->place.layout->adoption && !*writer->place.made)
			return adopt_names(stage, error);
		error_object(error, ATOMICDIR_NO_GENERATION, link, "does not exist, so there is nothing to adopt; fill it");
		return OUTCOME_NOT_PUBLISHED;
	default:
		error_object(error, ATOMICDIR_FAILED, link,
			     "is neither a directory nor a symlink to one, so it cannot be adopted");
		return OUTCOME_NOT_PUBLISHED;
	}
}

int atomicdir_adopt(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error)
{
	enum outcome outcome = OUTCOME_NOT_PUBLISHED;
	struct atomicdir_error own;
	struct atomicdir_stage *stage;
	struct writer *writer;

	error = error_or(error, &own);
	stage = stage_new(error);
	if (!stage)
		return -1;
	writer = &stage->writer;
	if (writer_begin(writer, link, options, BEGIN_WITH_ANYTHING, error) == 0) {
		bool was_ours = writer->live.stands == STANDS_OURS;

		outcome = adopt(stage, error);
		stage_end(stage);
		if (!was_ours && (outcome == OUTCOME_NOT_PUBLISHED || writer->options.dry_run))
			store_unmake(&writer->store, &writer->place);
	}
	writer_report(writer, outcome, error);
	atomicdir_free(stage);
	return outcome_result(outcome);
}
