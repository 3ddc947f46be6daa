/* SPDX-License-Identifier: ISC */
#include "dir/reader.h"

#include <errno.h>

#include "base/error.h"

int reader_open(struct reader *reader, const char *link, struct atomicdir_error *error)
{
	*reader = READER_INIT;
	if (place_open(&reader->place, link, ATOMICDIR_LAYOUT_AUTO, PLACE_TO_READ, error) < 0)
		return -1;
	if (live_look(&reader->place, &reader->live) < 0)
		return error_system(error, errno, reader->place.name.link, "cannot examine");
	if (live_require_ours(&reader->live, &reader->place, error) < 0 || place_find_store(&reader->place, error) < 0)
		return -1;
	return live_find(&reader->place, &reader->live, error);
}

void reader_close(struct reader *reader)
{
	live_close(&reader->live);
	place_close(&reader->place);
}

int reader_require_live(const struct reader *reader, struct atomicdir_error *error)
{
	if (reader->live.number)
		return 0;
	return error_object(error, ATOMICDIR_NO_GENERATION, reader->place.name.link,
			    "has no live generation: nothing is published there");
}
