/* SPDX-License-Identifier: ISC */
#include "secretdir/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

static int input_refuse(const char *what, const char *path, size_t limit, struct atomicdir_error *error)
{
	if (errno == EFBIG)
		return error_set(error, ATOMICDIR_USAGE, NULL, "%s '%s' is longer than %zu bytes", what, path, limit);
	error_errno(error, path, "cannot read %s", what);
	error->kind = ATOMICDIR_USAGE;
	return -1;
}

int input_read(const char *what, const char *path, size_t limit, struct buffer *content, struct atomicdir_error *error)
{
	/* It may be a FIFO, since that is what <(COMMAND) in a shell gives. */
	cleanup_fd int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read_to_end(fd, limit, content) < 0)
		return input_refuse(what, path, limit, error);
	if (content->size >= 3 && memcmp(content->bytes, "\xef\xbb\xbf", 3) == 0)
		buffer_consume(content, 3);
	return 0;
}
