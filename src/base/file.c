/* SPDX-License-Identifier: ISC */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/lend.h"

#define READ_SIZE 4096

int write_all(int fd, const void *bytes, size_t size)
{
	const char *next = bytes;

	while (size) {
		ssize_t written = write(fd, next, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		next += written;
		size -= (size_t)written;
	}
	return 0;
}

ssize_t read_all(int fd, void *bytes, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t more = read(fd, (char *)bytes + got, size - got);

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return -1;
		if (!more)
			break;
		got += (size_t)more;
	}
	return (ssize_t)got;
}

int read_to_end(int fd, size_t limit, struct buffer *buffer)
{
	size_t begin = buffer->size, room;
	ssize_t got;

	do {
		if (buffer_reserve(buffer, READ_SIZE) < 0)
			return -1;
		room = buffer->capacity - buffer->size - 1;
		got = read_all(fd, buffer->bytes + buffer->size, room);
		if (got < 0)
			return -1;
		buffer->size += (size_t)got;
		buffer->bytes[buffer->size] = '\0';
	} while ((size_t)got == room && buffer->size - begin <= limit);
	if (buffer->size - begin <= limit)
		return 0;
	errno = EFBIG;
	return -1;
}

int read_file_at(int directory_fd, const char *name, size_t limit, struct buffer *buffer)
{
	cleanup_fd int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (S_ISREG(status.st_mode))
		return read_to_end(fd, limit, buffer);
	errno = EINVAL;
	return -1;
}

int read_path(const char *path, size_t limit, struct buffer *buffer)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	/* /dev/null counts as an empty file. */
	if (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))
		return read_to_end(fd, limit, buffer);
	errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	return -1;
}

void wipe_file(int fd)
{
	static const char zeros[4096];
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	for (off_t at = 0; at < status.st_size; at += (off_t)sizeof(zeros)) {
		off_t left = status.st_size - at;

		if (pwrite(fd, zeros, left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros), at) < 0)
			break;
	}
	/* Frees the pages even if the overwriting failed. If this fails too, there is nothing left to do. */
	(void)!ftruncate(fd, 0);
}

int create_file_at(int directory_fd, const char *name, mode_t mode)
{
	cleanup_fd int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0777);
	struct stat status;

	if (fd < 0)
		return -1;
	/* The umask seldom clears a bit, and fstat(2) is cheaper than fchmod(2). */
	if (fstat(fd, &status) < 0 || ((status.st_mode & 07777) != mode && fchmod(fd, mode) < 0)) {
		unlinkat(directory_fd, name, 0);
		return -1;
	}
	return take_fd(&fd);
}

int open_directory_at(int directory_fd, const char *name)
{
	return openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int open_quietly_at(int directory_fd, const char *name, int flags)
{
	int all = flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, fd = openat(directory_fd, name, all | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(directory_fd, name, all) : fd;
}

int create_directory_at(int directory_fd, const char *name, mode_t mode)
{
	cleanup_fd int fd = -1;
	struct stat status;

	if (mkdirat(directory_fd, name, 0700 | (mode & S_ISVTX)) < 0)
		return -1;
	fd = open_lending_at(directory_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &status) < 0)
		goto undo;
	mode |= status.st_mode & S_ISGID;
	if ((status.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		goto undo;
	return take_fd(&fd);
undo:
	unlinkat(directory_fd, name, AT_REMOVEDIR);
	return -1;
}

int write_file_at(int directory_fd, const char *name, mode_t mode, const void *bytes, size_t size)
{
	cleanup_fd int fd = create_file_at(directory_fd, name, mode);

	if (fd < 0)
		return -1;
	if (write_all(fd, bytes, size) < 0 || close(take_fd(&fd)) < 0) {
		int saved = errno;

		unlinkat(directory_fd, name, 0);
		errno = saved;
		return -1;
	}
	return 0;
}

/* Not faccessat(2), which old seccomp filters refuse. */
bool exists_at(int directory_fd, const char *name)
{
	struct stat status;

	return fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The directory's owner may have replaced what was just made in it, so the file is opened and examined before it is given
 * away. */
static int link_give(int directory_fd, const char *name, uid_t uid, gid_t gid)
{
	cleanup_fd int fd = openat(directory_fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if ((status.st_uid == uid && status.st_gid == gid) || !S_ISLNK(status.st_mode))
		return 0;
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0 || fchownat(fd, "", (uid_t)-1, gid, AT_EMPTY_PATH) == 0)
		return 0;
	return errno == EPERM || errno == EINVAL ? 0 : -1;
}

int create_link_at(int directory_fd, const char *name, const char *text, uid_t uid, gid_t gid)
{
	int saved;

	if (symlinkat(text, directory_fd, name) < 0)
		return -1;
	if (link_give(directory_fd, name, uid, gid) == 0)
		return 0;
	saved = errno;
	unlinkat(directory_fd, name, 0);
	errno = saved;
	return -1;
}

int give_to_owner_of(int owner_fd, int fd)
{
	struct stat owner, status;

	if (geteuid() != 0)
		return 0;
	if (fstat(owner_fd, &owner) < 0 || fstat(fd, &status) < 0)
		return -1;
	if (owner.st_uid == 0 || (owner.st_uid == status.st_uid && owner.st_gid == status.st_gid))
		return 0;
	if (fchownat(fd, "", owner.st_uid, owner.st_gid, AT_EMPTY_PATH) < 0)
		return -1;
	/* chown(2) clears the setuid and setgid bits of a file. */
	return S_ISREG(status.st_mode) && status.st_mode & 06000 ? change_mode_of(fd, status.st_mode & 07777) : 0;
}
