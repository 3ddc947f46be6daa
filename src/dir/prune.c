/* SPDX-License-Identifier: ISC */
#include "dir/prune.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/recover.h"

#define YOUNG_MAX 1000 /* no more are kept for the sake of the grace alone */

enum { KEEP = 1u << 16 }; /* beside the FOUND_ bits */

static bool is_published(const struct found *found)
{
	return (found->parts & FOUND_ENTRY) && (found->parts & FOUND_INFO);
}

static struct found *mark(struct found_list *found, int64_t number)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].number == number && is_published(&found->list[i])) {
			found->list[i].parts |= KEEP;
			return &found->list[i];
		}
	return NULL;
}

/* By what was live before, not by numbers: after a rollback from a bad 2 to 1, generation 3 keeps 1. -1: that cannot be read. */
static int mark_chain(const struct writer *writer, struct found_list *found)
{
	int64_t number = writer->info.previous;

	for (int64_t kept = 0; kept < writer->keep && number && mark(found, number); kept++) {
		cleanup_info struct info info = INFO_INIT;

		if (info_read(writer->store.fd, number, false, &info) < 0 && errno != ENOENT)
			return -1;
		/* Previous ones have smaller numbers; a damaged file must not lead in circles. */
		number = info.previous < number ? info.previous : 0;
	}
	return 0;
}

static void mark_young(const struct writer *writer, struct found_list *found)
{
	int64_t now_ms = writer_now_ms();
	size_t young = 0;

	for (size_t i = 0; i < found->count && young < YOUNG_MAX; i++) {
		int64_t at_ms = info_replaced_at(&writer->info, found->list[i].number, writer->boot);

		if (at_ms < 0 || at_ms > now_ms || now_ms - at_ms >= writer->grace_ms)
			continue;
		found->list[i].parts |= KEEP;
		young++;
	}
}

static void mark_newest(struct found_list *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (is_published(&found->list[i])) {
			found->list[i].parts |= KEEP;
			return;
		}
}

static void remove_one(struct writer *writer, int64_t number, struct generation_list *removed)
{
	bool is_listed = removed && generation_list_add(removed, &writer->store, number, writer->live) == 0;

	if (removed && !is_listed)
		error_warn(&writer->warning, NULL, "cannot list what is removed");
	if (writer->options.dry_run ? !generation_is_pinned(&writer->store, number)
				    : generation_remove(&writer->store, number, &writer->warning) == 1)
		return;
	/* It stays. */
	if (is_listed)
		generation_list_drop(removed);
}

void prune(struct writer *writer, struct generation_list *removed)
{
	cleanup_found struct found_list found = { 0 };
	struct atomicdir_error why;

	/* A power cut may still lead LINK back to one of them. */
	if (writer->is_live_doubtful)
		return;
	error_clear(&why);
	if (store_find(&writer->store, &found, &why) < 0) {
		errno = 0;
		error_warn(&writer->warning, NULL, "old generations stay: %s", why.text);
		return;
	}
	mark(&found, writer->live);
	errno = writer->info_errnum;
	if (errno || mark_chain(writer, &found) < 0) {
		error_warn(&writer->warning, writer->store.name.store,
			   "old generations stay: cannot read which are to be kept");
		return;
	}
	mark_newest(&found);
	mark_young(writer, &found);
	for (size_t i = 0; i < found.count; i++)
		if (is_published(&found.list[i]) && !(found.list[i].parts & KEEP) && found.list[i].number != writer->live)
			remove_one(writer, found.list[i].number, removed);
}

int atomicdir_prune(const char *link, const struct atomicdir_options *options, struct atomicdir_generation **removed,
		    struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };
	struct writer writer;
	int count;

	error_clear(error);
	if (writer_begin(&writer, link, options, WRITER_OURS, error) < 0) {
		count = -1;
	} else {
		prune(&writer, &list);
		count = generation_list_pack(&list, removed, error);
		store_unmake(&writer.store);
	}
	writer_report(&writer, count, error);
	writer_end(&writer);
	return count;
}
