/* SPDX-License-Identifier: ISC
 *
 * The mark of a hook that is due: publish.c makes it, the caller's success takes it away.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/part.h"
#include "dir/reader.h"

int atomicdir_hook_done(const char *link, int64_t generation, struct atomicdir_error *error)
{
	cleanup_reader struct reader reader = READER_INIT;
	struct atomicdir_error own;
	char name[NAME_NUMBER_SIZE];

	error = error_or(error, &own);
	if (reader_open(&reader, link, error) < 0)
		return -1;
	part_name(name, generation, PART_HOOK);
	if (reader.place.store_fd >= 0 && generation > 0 && part_remove(reader.place.store_fd, generation, PART_HOOK) < 0)
		return error_system(error, errno, name, "cannot remove the mark of the hook");
	return 0;
}
