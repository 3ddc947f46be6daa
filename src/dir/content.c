/* SPDX-License-Identifier: ISC */
#include "dir/content.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/layout.h"
#include "dir/placed.h"

int content_open(struct content *content, const struct place *place, int64_t live, struct atomicdir_error *error)
{
	*content = CONTENT_INIT;
	if (!live)
		return 0;
	if (place->layout->moves_entries) {
		if (placed_read(place, live, &content->names, error) < 0)
			return -1;
		content->only = &content->names;
		content->fd = fcntl(place->parent_fd, F_DUPFD_CLOEXEC, 0);
	} else {
		content->fd = place_open_generation(place, live);
	}
	if (content->fd < 0)
		return error_system(error, errno, place->name.link, "cannot open the live generation of");
	return 0;
}

void content_close(struct content *content)
{
	close_fd(&content->fd);
	manifest_clear(&content->names);
}

char *content_path(const struct place *place, int64_t live)
{
	return place->layout->moves_entries ? strdup(place->parent_path) : place_generation_path(place, live);
}
