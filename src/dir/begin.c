/* SPDX-License-Identifier: ISC */
#include "dir/begin.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/error.h"
#include "dir/layout.h"
#include "dir/options.h"
#include "dir/part.h"
#include "dir/recover.h"

static int begin_look(struct writer *writer, enum begin_with with, struct atomicdir_error *error)
{
	if (live_look(&writer->place, &writer->live) < 0)
		return error_system(error, errno, writer->place.name.link, "cannot examine");
	if (with == BEGIN_WITH_ANYTHING || live_require_ours(&writer->live, &writer->place, error) == 0)
		return 0;
	if (with == BEGIN_A_FILL && error->errnum == EEXIST && !writer->place.layout->moves_entries)
		error_append(error, "'atomicdir adopt %s%s' takes it over",
			     writer->place.layout->adoption ? "--layout volume " : "", writer->place.name.link);
	return -1;
}

/* Nothing may be published if the live generation's info cannot be read: the new one's info carries on what that says. */
static int begin_read_info(struct writer *writer, struct atomicdir_error *error)
{
	int store_fd = writer->place.store_fd;
	int64_t live = writer->live.number;
	char name[NAME_NUMBER_SIZE];

	if (!live || (info_read(store_fd, live, true, &writer->info) == 0 && info_complete(store_fd, &writer->info) == 0))
		return 0;
	part_name(name, live, PART_INFO);
	error_system(error, errno, writer->place.name.link, "cannot read the history of generation %" PRId64 " of", live);
	error_append(error, "if this happens again, remove '%s/%s'; what it records about older generations is lost then",
		     writer->place.name.store_path, name);
	return -1;
}

static int begin_check_generation(const struct writer *writer, struct atomicdir_error *error)
{
	int64_t wanted = writer->options.if_generation, live = writer->live.number;
	const char *link = writer->place.name.link;

	if (wanted < 0 || wanted == live)
		return 0;
	if (!live)
		return error_object(error, ATOMICDIR_NO_GENERATION, link,
				    "should name generation %" PRId64 ", but nothing is live", wanted);
	if (!wanted)
		return error_object(error, ATOMICDIR_NO_GENERATION, link, "should not exist yet, but names generation %" PRId64,
				    live);
	return error_object(error, ATOMICDIR_NO_GENERATION, link, "should name generation %" PRId64 ", but names %" PRId64,
			    wanted, live);
}

/* Whoever may write in LINK's directory chooses the number in LINK. One from the upper half of all numbers is ignored here, so
 * that nobody can use the numbers up. */
static int64_t begin_find_highest(const struct writer *writer)
{
	int64_t linked = writer->live.named, stored = writer->found.count ? writer->found.list[0].number : 0;

	return linked > stored && linked <= NAME_NUMBER_MAX / 2 ? linked : stored;
}

static int64_t begin_choose(int64_t asked, int64_t remembered, int64_t otherwise)
{
	if (asked >= 0)
		return asked;
	return remembered >= 0 ? remembered : otherwise;
}

/* Where nothing is kept beside the live generation, options for what is kept, or for going back to it, are mistakes. */
static int begin_check_layout(const struct writer *writer, bool is_fill, struct atomicdir_error *error)
{
	const struct atomicdir_options *options = &writer->options;
	const struct place *place = &writer->place;

	if (options->hook == ATOMICDIR_HOOK_LOCKED)
		return layout_require_generations(place, "undoing a publication whose hook fails needs", error);
	if (is_fill && options->keep > 0)
		return layout_require_generations(place, "keeping old generations needs", error);
	if (is_fill && options->grace_ms > 0)
		return layout_require_generations(place, "a grace for old generations needs", error);
	if (is_fill && options->carry_generations)
		return layout_require_generations(place, "files of older generations need", error);
	return 0;
}

static int begin_settle(const struct writer *writer, struct atomicdir_error *error)
{
	const struct layout *layout = writer->place.layout;

	return layout->settle && !writer->options.dry_run ? layout->settle(&writer->place, error) : 0;
}

/* Steps 1 to 3, and 5. LINK is looked at before anything is made, so that a refusal leaves nothing behind, and again with the
 * lock, when no other writer can change it. */
static int begin_lock_once(struct writer *writer, const char *link, enum begin_with with, struct atomicdir_error *error)
{
	enum place_use use = writer->options.visible_store ? PLACE_TO_MAKE_VISIBLE : PLACE_TO_WRITE;

	if (place_open(&writer->place, link, writer->options.layout, use, error) < 0 ||
	    begin_check_layout(writer, with == BEGIN_A_FILL, error) < 0 || begin_look(writer, with, error) < 0 ||
	    store_lock(&writer->store, &writer->place, writer->options.wait_ms, &writer->warning, error) < 0 ||
	    begin_settle(writer, error) < 0 || begin_look(writer, with, error) < 0)
		return -1;
	live_open(&writer->place, &writer->live);
	if (begin_read_info(writer, error) < 0)
		return -1;
	return begin_check_generation(writer, error);
}

/* Another writer may remove a directory that it has made for LINK and not used. */
static bool begin_has_lost_place(const struct place *place)
{
	struct stat parent;

	return place->outer_fd >= 0 && fstat(place->parent_fd, &parent) == 0 && !parent.st_nlink;
}

static int begin_lock(struct writer *writer, const char *link, enum begin_with with, struct atomicdir_error *error)
{
	while (begin_lock_once(writer, link, with, error) < 0) {
		if (!begin_has_lost_place(&writer->place))
			return -1;
		store_unlock(&writer->store);
		live_close(&writer->live);
		place_close(&writer->place);
		writer->store = STORE_INIT;
		error_clear(error);
	}
	return 0;
}

static int begin(struct writer *writer, const char *link, enum begin_with with, struct atomicdir_error *error)
{
	bool is_fill = with == BEGIN_A_FILL;
	const struct layout *layout;

	if (begin_lock(writer, link, with, error) < 0 || found_read(&writer->place, &writer->found, error) < 0)
		return -1;
	layout = writer->place.layout;
	writer->highest = begin_find_highest(writer);
	writer->way = sync_way(writer->place.store_fd, writer->options.sync);
	writer->keep = begin_choose(writer->options.keep, is_fill ? -1 : writer->info.keep, layout->keep);
	writer->grace_ms = begin_choose(writer->options.grace_ms, is_fill ? -1 : writer->info.grace_ms, layout->grace_ms);
	clock_read_boot(writer->boot, sizeof(writer->boot));
	if (!writer->options.dry_run)
		recover(writer);
	return 0;
}

int writer_begin(struct writer *writer, const char *link, const struct atomicdir_options *options, enum begin_with with,
		 struct atomicdir_error *error)
{
	*writer = WRITER_INIT;
	if (options_read(&writer->options, options, error) == 0 && begin(writer, link, with, error) == 0)
		return 0;
	store_unmake(&writer->store, &writer->place);
	writer_end(writer);
	return -1;
}
