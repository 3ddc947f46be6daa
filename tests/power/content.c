/* SPDX-License-Identifier: ISC */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/tree.h"

#define LARGEST 6000
#define FILES_IN_DIRECTORY 40
#define LINK_TEXT "version"
#define CLOSED_MODE 0555
#define TOP_MODE 0755
#define VERSION_MODE 0644

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
		if (fd < 0 || tree_write_file(fd, name, bytes, file_bytes(content, i, bytes), file_mode(i)) < 0)
			return -1;
	}
	return fd < 0 || (fchmod(fd, CLOSED_MODE) == 0 && close(fd) == 0) ? 0 : -1;
}

int content_write(const char *path, int version, int files)
{
	struct content content = { version, files };
	char text[64];
	int size = snprintf(text, sizeof(text), "%d %d\n", version, files), fd, result = -1;

	if (mkdir(path, TOP_MODE) < 0 || chmod(path, TOP_MODE) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && tree_write_file(fd, "version", text, (size_t)size, VERSION_MODE) == 0 &&
	    symlinkat(LINK_TEXT, fd, "link") == 0)
		result = write_files(fd, &content);
	if (fd >= 0)
		close(fd);
	return result;
}

/* ---- Reading ---- */

struct reading {
	struct content content;
	int found; /* entries, each of which is one that belongs there */
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

static int check_mode(struct reading *reading, const struct tree_entry *entry, mode_t wanted)
{
	const char *path = *entry->path ? entry->path : "the top";

	if (entry->status.st_mode != wanted)
		return complain(reading, "%s has mode %06o, not %06o", path, entry->status.st_mode, wanted);
	if (entry->status.st_uid || entry->status.st_gid)
		return complain(reading, "%s has owner %u:%u", path, entry->status.st_uid, entry->status.st_gid);
	return 0;
}

static int check_bytes(struct reading *reading, const struct tree_entry *entry, const void *wanted, size_t size)
{
	if (entry->size != size)
		return complain(reading, "%s has %zu bytes, not %zu", entry->path, entry->size, size);
	if (memcmp(entry->bytes, wanted, size) != 0)
		return complain(reading, "%s has other bytes than version %d", entry->path, reading->content.version);
	return 0;
}

/* The index of the file that has this path; -1. */
static int file_index(const struct content *content, const char *path)
{
	char wanted[32], directory[16];
	int index;

	if (sscanf(path, "d%*3d/f%4d", &index) != 1 || index < 0 || index >= content->files)
		return -1;
	directory_name(index, directory, sizeof(directory));
	snprintf(wanted, sizeof(wanted), "%s/f%04d", directory, index);
	return strcmp(path, wanted) == 0 ? index : -1;
}

static bool is_directory_of(const struct content *content, const char *path)
{
	char wanted[16];
	int number;

	if (sscanf(path, "d%3d", &number) != 1 || number < 0 || number * FILES_IN_DIRECTORY >= content->files)
		return false;
	directory_name(number * FILES_IN_DIRECTORY, wanted, sizeof(wanted));
	return strcmp(path, wanted) == 0;
}

static int check_entry(void *arg, const struct tree_entry *entry)
{
	static uint8_t wanted[LARGEST];
	struct reading *reading = arg;
	int index = file_index(&reading->content, entry->path);

	reading->found++;
	if (index >= 0)
		return check_bytes(reading, entry, wanted, file_bytes(&reading->content, index, wanted)) < 0
			       ? -1
			       : check_mode(reading, entry, S_IFREG | file_mode(index));
	if (!*entry->path)
		return check_mode(reading, entry, S_IFDIR | TOP_MODE);
	if (strcmp(entry->path, "version") == 0)
		return check_mode(reading, entry, S_IFREG | VERSION_MODE);
	if (strcmp(entry->path, "link") == 0)
		return check_bytes(reading, entry, LINK_TEXT, strlen(LINK_TEXT));
	if (is_directory_of(&reading->content, entry->path))
		return check_mode(reading, entry, S_IFDIR | CLOSED_MODE);
	return complain(reading, "%s should not be there", entry->path);
}

static int read_version(struct reading *reading, int top_fd)
{
	char text[64] = "";
	int fd = openat(top_fd, "version", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (size < 0)
		complain(reading, "version: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	if (size < 0 || sscanf(text, "%d %d\n", &reading->content.version, &reading->content.files) == 2)
		return size < 0 ? -1 : 0;
	return complain(reading, "the file version is empty");
}

static int check_tree(struct reading *reading, int top_fd)
{
	const struct content *content = &reading->content;
	int wanted;

	if (read_version(reading, top_fd) < 0)
		return -1;
	if (tree_read(top_fd, check_entry, reading) != 0)
		return *reading->why ? -1 : complain(reading, "it cannot be read: %s", strerror(errno));
	wanted = 3 + content->files + (content->files + FILES_IN_DIRECTORY - 1) / FILES_IN_DIRECTORY;
	return reading->found == wanted ? 0 : complain(reading, "there are %d entries, not %d", reading->found, wanted);
}

int content_read(const char *path, char *why, size_t size)
{
	struct reading reading = { .why = why, .size = size };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;
	struct stat status;

	*why = '\0';
	if (fd < 0 && errno == ENOENT && lstat(path, &status) < 0)
		return CONTENT_ABSENT;
	if (fd < 0) {
		complain(&reading, "LINK leads nowhere: %s", strerror(errno));
		return CONTENT_BROKEN;
	}
	result = check_tree(&reading, fd);
	close(fd);
	return result < 0 ? CONTENT_BROKEN : reading.content.version;
}
