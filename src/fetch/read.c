/* SPDX-License-Identifier: ISC */
#include "fetch/read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

int read_path(const char *path, size_t limit, struct buffer *buffer)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	ssize_t size;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) { /* /dev/null is nothing */
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	do {
		if (buffer_reserve(buffer, 4096) < 0)
			return -1;
		size = read_all(fd, buffer->bytes + buffer->size, 4096);
		if (size < 0)
			return -1;
		buffer->size += (size_t)size;
		buffer->bytes[buffer->size] = '\0';
	} while (size == 4096 && buffer->size <= limit);
	if (buffer->size > limit) {
		errno = EFBIG;
		return -1;
	}
	return 0;
}
