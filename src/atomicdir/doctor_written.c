/* SPDX-License-Identifier: ISC
 *
 * doctor: files of the live generation that somebody has written to since it was published. Whoever writes sets the modification time and the
 * change time alike. A time that came with a copy is not newer than the change time, and a link or a change of the mode leaves the
 * modification time alone, so neither is taken for it.
 */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomicdir/doctor.h"
#include "base/cleanup.h"

/* Writing ends before the date of a publication is taken; file systems round times, and clocks are set. */
#define WRITTEN_SLACK_MS 2000

static void close_tree(FTS **tree)
{
	if (*tree)
		fts_close(*tree);
}

static bool file_is_written(const struct stat *status, int64_t published_ms)
{
	int64_t written_ms = (int64_t)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;
	int64_t changed_ms = (int64_t)status->st_ctim.tv_sec * 1000 + status->st_ctim.tv_nsec / 1000000;

	return written_ms > published_ms + WRITTEN_SLACK_MS && written_ms <= changed_ms;
}

/* Counts them, and finds the first one, on the heap. */
static int written_count(const struct atomicdir_generation *live, char **first)
{
	char *const paths[] = { (char *)(uintptr_t)live->path, NULL };
	cleanup(close_tree) FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	int count = 0;

	while (tree && (entry = fts_read(tree))) {
		if (entry->fts_info != FTS_F || !file_is_written(entry->fts_statp, live->created_ms))
			continue;
		if (!count++)
			*first = strdup(entry->fts_path);
	}
	return count;
}

/* In the layout files LINK holds files of others too. A server's clock may differ from the one that the date of the publication is of. */
void doctor_written(struct patient *patient)
{
	const struct atomicdir_generation *live = patient->live;
	cleanup_free char *first = NULL;
	char more[32] = "";
	int count;

	if (!live || !live->created_ms || strcmp(live->path, patient->link) == 0 || doctor_is_remote(patient))
		return;
	count = written_count(live, &first);
	if (count > 1)
		snprintf(more, sizeof(more), " and %d more", count - 1);
	if (first)
		finding_add(&patient->findings, FINDING_WRITTEN,
			    FINDING(.subject = first, .detail = more, .generation = live->number));
}
