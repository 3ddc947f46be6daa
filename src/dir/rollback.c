/* SPDX-License-Identifier: ISC
 *
 * Publishing a kept generation again: a publication without steps 6 and 7.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/commit.h"
#include "dir/generation.h"
#include "dir/publish.h"

static int choose(const struct writer *writer, int64_t asked, int64_t *target, struct atomicdir_error *error)
{
	cleanup_found struct found_list found = { 0 };
	const struct found *one;

	if (!writer->live && asked < 0)
		return error_set(error, ATOMICDIR_NO_GENERATION, writer->store.name.base,
				 "nothing is live, so nothing was before it");
	errno = writer->info_errnum;
	if (asked < 0 && errno)
		return error_errno(error, writer->store.name.base, "cannot read what was live before generation %" PRId64,
				   writer->live);
	*target = asked < 0 ? writer->info.previous : asked;
	if (!*target)
		return error_set(error, ATOMICDIR_NO_GENERATION, writer->store.name.base,
				 asked < 0 ? "nothing was live before generation %" PRId64 : "there is no generation 0",
				 writer->live);
	if (store_find(&writer->store, &found, error) < 0)
		return -1;
	one = found_get(&found, *target);
	if (!one || !(one->parts & FOUND_ENTRY) || (!(one->parts & FOUND_INFO) && *target != writer->live))
		return error_set(error, ATOMICDIR_NO_GENERATION, writer->store.name.base,
				 "generation %" PRId64 " is not kept any more; 'atomicdir list' shows which are", *target);
	return 0;
}

/* A death while watchers were woken may have left the top directory's write bit lent. */
static int repair_top(const struct writer *writer, int fd, int64_t number, struct atomicdir_error *error)
{
	cleanup_info struct info info = INFO_INIT;
	struct stat status;

	unlinkat(fd, TREE_WAKE_NAME, 0);
	if (info_read(writer->store.fd, number, false, &info) < 0 || !info.top_mode)
		return 0;
	if (fstat(fd, &status) < 0 || ((status.st_mode & 07777) != info.top_mode && fchmod(fd, info.top_mode) < 0))
		return error_errno(error, writer->store.name.base, "cannot set the generation's mode");
	return 0;
}

/* A dry run: *live is what would be. */
static int tell_target(const struct writer *writer, int64_t number, struct atomicdir_generation **live,
		       struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };

	if (generation_list_add(&list, &writer->store, number, writer->live) < 0)
		return error_errno(error, NULL, "cannot tell which generation would be live");
	return generation_list_pack(&list, live, error) < 0 ? -1 : 1;
}

static int roll_back(struct writer *writer, int64_t asked, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct publication publication = { .kind = PUBLICATION_AGAIN };
	cleanup_fd int fd = -1;
	int64_t replaced = writer->live;

	if (choose(writer, asked, &publication.number, error) < 0)
		return -1;
	if (publication.number == writer->live && writer->is_live_doubtful)
		return error_set(error, ATOMICDIR_NOT_DURABLE, writer->store.name.base,
				 "generation %" PRId64 " is live, but a power cut may undo that", writer->live);
	if (publication.number == writer->live)
		return tell_live(writer, 0, live, error);
	if (writer->options.dry_run)
		return tell_target(writer, publication.number, live, error);
	fd = writer_open_generation(writer, publication.number);
	if (fd < 0)
		return error_errno(error, writer->store.name.base, "cannot open generation %" PRId64, publication.number);
	publication.fd = fd;
	if (repair_top(writer, fd, publication.number, error) < 0 || tree_count(fd, &publication.count, error) < 0 ||
	    publish(writer, &publication, error) < 0)
		return -1;
	if (tell_live(writer, replaced, live, &writer->warning) < 0)
		writer->warning.kind = ATOMICDIR_OK;
	return 1;
}

int atomicdir_rollback(const char *link, int64_t generation, const struct atomicdir_options *options,
		       struct atomicdir_generation **live, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	struct writer writer;
	int result;

	error = error ? error : &own;
	error_clear(error);
	result = writer_begin(&writer, link, options, WRITER_OURS, error);
	if (result == 0) {
		result = roll_back(&writer, generation, live, error);
		if (result < 0)
			publish_make_room(&writer, error->errnum);
		if (!writer.live)
			store_unmake(&writer.store);
	}
	writer_report(&writer, result, error);
	writer_end(&writer);
	return result;
}
