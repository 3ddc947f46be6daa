/* SPDX-License-Identifier: ISC
 *
 * The mark of a hook that is due: publish.c makes it, and the caller's success makes the mark of a good generation of it.
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
	if (reader.place.store_fd < 0 || generation <= 0 ||
	    part_rename(reader.place.store_fd, generation, PART_HOOK, PART_GOOD) == 0 || errno == ENOENT)
		return 0;
	part_name(name, generation, PART_HOOK);
	return error_system(error, errno, name, "cannot record the success of the hook: cannot rename its mark");
}
