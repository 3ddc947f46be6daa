/* SPDX-License-Identifier: ISC */
#include "dir/writer.h"

#include <inttypes.h>

#include "base/error.h"
#include "dir/layout.h"

void writer_end(struct writer *writer)
{
	info_clear(&writer->info);
	found_clear(&writer->found);
	live_close(&writer->live);
	store_unlock(&writer->store);
	place_close(&writer->place);
}

int outcome_result(enum outcome outcome)
{
	return outcome == OUTCOME_IN_DOUBT ? -1 : (int)outcome;
}

/* Whether somebody else has changed LINK since this call looked at it. A place that is closed, or LINK that cannot be looked at: not
 * known. */
static bool writer_is_overtaken(const struct writer *writer)
{
	struct live now;

	return writer->place.parent_fd >= 0 && live_look(&writer->place, &now) == 0 && !live_is_same(&now, &writer->live);
}

/* The one place that says what LINK names after a call that failed. */
void writer_report(const struct writer *writer, enum outcome outcome, struct atomicdir_error *error)
{
	const char *link = writer->place.name.link;

	switch (outcome) {
	case OUTCOME_UNCHANGED:
	case OUTCOME_PUBLISHED:
		*error = writer->warning;
		break;
	case OUTCOME_IN_DOUBT:
		error->kind = ATOMICDIR_NOT_DURABLE;
		if (writer->place.layout && writer->place.layout->moves_entries)
			error_append(error, "'%s' may have generation %" PRId64 " only in part; run it again", link,
				     writer->live.number);
		else
			error_append(error, "'%s' names generation %" PRId64 ", but a power cut may undo that; run it again",
				     link, writer->live.number);
		break;
	case OUTCOME_NOT_PUBLISHED:
		/* Whoever makes us wait may change it at this moment. */
		if (!*link || error->kind == ATOMICDIR_BUSY)
			break;
		if (writer_is_overtaken(writer))
			error_append(error, "this call has not changed '%s'", link);
		else
			error_append(error, "'%s' is unchanged", link);
		break;
	}
}
