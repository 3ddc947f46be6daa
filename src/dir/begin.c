/* SPDX-License-Identifier: ISC */
#include "dir/begin.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/layout.h"
#include "dir/options.h"
#include "dir/part.h"
#include "dir/recover.h"

/* proc(5): another boot has another one. Where it cannot be read all ages count from one boot. */
static void begin_read_boot(char *boot, size_t size)
{
	cleanup_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read_all(fd, boot, size - 1);

	boot[got > 0 ? got : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
}

static int begin_look(struct writer *writer, enum begin_with with, struct atomicdir_error *error)
{
	if (live_look(&writer->place, &writer->live) < 0)
		return error_system(error, errno, writer->place.name.link, "cannot look at");
	return with == BEGIN_WITH_OURS ? live_require_ours(&writer->live, &writer->place, error) : 0;
}

static void begin_read_info(struct writer *writer)
{
	if (writer->live.number && info_read(writer->place.store_fd, writer->live.number, true, &writer->info) < 0)
		writer->info_errnum = errno == ENOENT ? 0 : errno;
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

static int64_t begin_choose(int64_t asked, int64_t remembered, int64_t otherwise)
{
	if (asked >= 0)
		return asked;
	return remembered >= 0 ? remembered : otherwise;
}

/* Steps 1 to 3. LINK is looked at before anything is made, so that a refusal leaves nothing, and again when it cannot change any
 * more. */
static int begin_lock(struct writer *writer, const char *link, enum begin_with with, struct atomicdir_error *error)
{
	enum place_use use = writer->options.visible_store ? PLACE_TO_MAKE_VISIBLE : PLACE_TO_WRITE;

	if (place_open(&writer->place, link, use, error) < 0 || begin_look(writer, with, error) < 0 ||
	    store_lock(&writer->store, &writer->place, writer->options.wait_ms, error) < 0 ||
	    begin_look(writer, with, error) < 0)
		return -1;
	live_open(&writer->place, &writer->live);
	begin_read_info(writer);
	return begin_check_generation(writer, error);
}

static int begin(struct writer *writer, const char *link, enum begin_with with, struct atomicdir_error *error)
{
	cleanup_found struct found_list found = { 0 };
	const struct layout *layout;

	if (begin_lock(writer, link, with, error) < 0 || found_read(&writer->place, &found, error) < 0)
		return -1;
	layout = writer->place.layout;
	writer->highest = writer->live.named;
	if (found.count && found.list[0].number > writer->highest)
		writer->highest = found.list[0].number;
	writer->way = sync_way(writer->place.store_fd, writer->options.sync);
	writer->keep = begin_choose(writer->options.keep, writer->info.keep, layout->keep);
	writer->grace_ms = begin_choose(writer->options.grace_ms, writer->info.grace_ms, layout->grace_ms);
	begin_read_boot(writer->boot, sizeof(writer->boot));
	if (!writer->options.dry_run)
		recover(writer, &found);
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
