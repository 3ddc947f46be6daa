/* SPDX-License-Identifier: ISC */
#include "dir/room.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/generation.h"
#include "dir/prune.h"

#define ROOM_LITTLE (128 << 10)

bool room_make(struct writer *writer, int errnum)
{
	cleanup_generations struct generation_list removed = { 0 };

	if ((errnum != ENOSPC && errnum != EDQUOT) || writer->has_made_room || writer->options.dry_run)
		return false;
	writer->has_made_room = true;
	prune(writer, &removed);
	return removed.count > 0;
}

void room_report(struct writer *writer, struct atomicdir_error *error)
{
	if (room_make(writer, error->errnum))
		error_append(error, "old generations were removed to make room; run it again");
}

bool room_is_out(int fd)
{
	struct statvfs status;

	if (fstatvfs(fd, &status) < 0)
		return false;
	return status.f_bavail * status.f_frsize < ROOM_LITTLE || (status.f_files && !status.f_favail);
}
