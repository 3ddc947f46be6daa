/* SPDX-License-Identifier: ISC */
#include "content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST 6000
#define FILES_IN_DIRECTORY 40
#define LINK_TEXT "version"
#define CLOSED_MODE 0555

/* A file of its own says which version and how many files there are; all else follows from these two. */
struct content {
	int version, files;
};

static size_t file_bytes(const struct content *content, int index, uint8_t *bytes)
{
	size_t size = (size_t)(index * 977 + content->version * 131) % LARGEST;
	uint32_t value = (uint32_t)(content->version * 7919 + index * 104729 + 1);

	for (size_t i = 0; i < size; i++) {
		value = value * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(value >> 24);
	}
	return size;
}

static mode_t file_mode(int index)
{
	static const mode_t modes[] = { 0644, 0600, 0444, 0750 };

	return modes[index % 4];
}

static void directory_name(int index, char *name, size_t size)
{
	snprintf(name, size, "d%03d", index / FILES_IN_DIRECTORY);
}

static int write_file(int directory_fd, const char *name, const void *bytes, size_t size, mode_t mode)
{
	int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_done = fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fchmod(fd, mode) == 0;

	if (fd >= 0)
		close(fd);
	return is_done ? 0 : -1;
}

static int write_files(int top_fd, const struct content *content)
{
	static uint8_t bytes[LARGEST];
	char name[16];
	int fd = -1;

	for (int i = 0; i < content->files; i++) {
		if (i % FILES_IN_DIRECTORY == 0) {
			if (fd >= 0 && (fchmod(fd, CLOSED_MODE) < 0 || close(fd) < 0))
				return -1;
			directory_name(i, name, sizeof(name));
			if (mkdirat(top_fd, name, 0700) < 0)
				return -1;
			fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		}
		snprintf(name, sizeof(name), "f%04d", i);
		if (fd < 0 || write_file(fd, name, bytes, file_bytes(content, i, bytes), file_mode(i)) < 0)
			return -1;
	}
	return fd < 0 || (fchmod(fd, CLOSED_MODE) == 0 && close(fd) == 0) ? 0 : -1;
}

int content_write(const char *path, int version, int files)
{
	struct content content = { version, files };
	char text[64];
	int size = snprintf(text, sizeof(text), "%d %d\n", version, files), fd, result = -1;

	if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && write_file(fd, "version", text, (size_t)size, 0644) == 0 && symlinkat(LINK_TEXT, fd, "link") == 0)
		result = write_files(fd, &content);
	if (fd >= 0)
		close(fd);
	return result;
}

/* ---- Reading ---- */

struct reading {
	struct content content;
	char *why;
	size_t size;
};

static int complain(struct reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int complain(struct reading *reading, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(reading->why, reading->size, format, values);
	va_end(values);
	return -1;
}

static int check_mode(struct reading *reading, int fd, const char *name, mode_t wanted)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return complain(reading, "%s: %s", name, strerror(errno));
	if ((status.st_mode & 07777) != wanted)
		return complain(reading, "%s has mode %04o, not %04o", name, status.st_mode & 07777, wanted);
	return status.st_uid || status.st_gid ? complain(reading, "%s has owner %u:%u", name, status.st_uid, status.st_gid) : 0;
}

static int check_file(struct reading *reading, int directory_fd, int index)
{
	static uint8_t wanted[LARGEST], found[LARGEST + 1];
	size_t size = file_bytes(&reading->content, index, wanted);
	char name[16];
	int fd, result;
	ssize_t got;

	snprintf(name, sizeof(name), "f%04d", index);
	fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return complain(reading, "%s: %s", name, strerror(errno));
	got = read(fd, found, sizeof(found));
	if (got != (ssize_t)size)
		result = complain(reading, "%s has %zd bytes, not %zu", name, got, size);
	else if (memcmp(found, wanted, size) != 0)
		result = complain(reading, "%s has other bytes than version %d", name, reading->content.version);
	else
		result = check_mode(reading, fd, name, file_mode(index));
	close(fd);
	return result;
}

static int count_names(int directory_fd)
{
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *directory = fdopendir(fd);

	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count - 2;
}

static int check_directory(struct reading *reading, int top_fd, int first)
{
	int end = first + FILES_IN_DIRECTORY < reading->content.files ? first + FILES_IN_DIRECTORY : reading->content.files;
	char name[16];
	int fd, result;

	directory_name(first, name, sizeof(name));
	fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return complain(reading, "%s: %s", name, strerror(errno));
	result = check_mode(reading, fd, name, CLOSED_MODE);
	for (int i = first; result == 0 && i < end; i++)
		result = check_file(reading, fd, i);
	if (result == 0 && count_names(fd) != end - first)
		result = complain(reading, "%s holds more than it should", name);
	close(fd);
	return result;
}

static int check_top(struct reading *reading, int top_fd)
{
	char text[64] = "";
	int fd = openat(top_fd, "version", O_RDONLY | O_CLOEXEC), names;

	if (fd < 0)
		return complain(reading, "version: %s", strerror(errno));
	if (read(fd, text, sizeof(text) - 1) < 1 ||
	    sscanf(text, "%d %d\n", &reading->content.version, &reading->content.files) != 2 ||
	    check_mode(reading, fd, "version", 0644) < 0) {
		close(fd);
		return *reading->why ? -1 : complain(reading, "the file version is empty");
	}
	close(fd);
	memset(text, 0, sizeof(text));
	if (readlinkat(top_fd, "link", text, sizeof(text) - 1) < 0 || strcmp(text, LINK_TEXT) != 0)
		return complain(reading, "the symlink is \"%s\"", text);
	names = 2 + (reading->content.files + FILES_IN_DIRECTORY - 1) / FILES_IN_DIRECTORY;
	if (count_names(top_fd) != names)
		return complain(reading, "there are %d names, not %d", count_names(top_fd), names);
	return check_mode(reading, top_fd, "the top", 0755);
}

int content_read(const char *path, char *why, size_t size)
{
	struct reading reading = { { 0, 0 }, why, size };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;
	struct stat status;

	*why = '\0';
	if (fd < 0 && errno == ENOENT && lstat(path, &status) < 0)
		return CONTENT_ABSENT;
	if (fd < 0) {
		complain(&reading, "LINK leads nowhere: %s", strerror(errno));
		return CONTENT_BROKEN;
	}
	result = check_top(&reading, fd);
	for (int i = 0; result == 0 && i < reading.content.files; i += FILES_IN_DIRECTORY)
		result = check_directory(&reading, fd, i);
	close(fd);
	return result < 0 ? CONTENT_BROKEN : reading.content.version;
}
