/* SPDX-License-Identifier: ISC */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

/* A file of its own says which version and how many files there are; all else follows from these two. One file more has a name that
 * no other version has. */
struct content {
	int version, files;
};

/* Every third file is the same in all versions. */
static size_t file_bytes(const struct content *content, int index, uint8_t *bytes)
{
	int version = index % 3 == 0 ? 0 : content->version;
	size_t size = (size_t)(index * 977 + version * 131 + 331) % LARGEST;
	uint32_t value = (uint32_t)(version * 7919 + index * 104729 + 1);

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

static void own_name(int version, char *name, size_t size)
{
	snprintf(name, size, "v%d", version);
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
	char own[16];

	if (mkdir(path, TOP_MODE) < 0 || chmod(path, TOP_MODE) < 0)
		return -1;
	own_name(version, own, sizeof(own));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && tree_write_file(fd, "version", text, (size_t)size, VERSION_MODE) == 0 &&
	    tree_write_file(fd, own, text, (size_t)size, VERSION_MODE) == 0 && symlinkat(LINK_TEXT, fd, "link") == 0)
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
	char own[16];

	own_name(reading->content.version, own, sizeof(own));
	reading->found++;
	if (index >= 0)
		return check_bytes(reading, entry, wanted, file_bytes(&reading->content, index, wanted)) < 0
			       ? -1
			       : check_mode(reading, entry, S_IFREG | file_mode(index));
	if (!*entry->path)
		return check_mode(reading, entry, S_IFDIR | TOP_MODE);
	if (strcmp(entry->path, "version") == 0 || strcmp(entry->path, own) == 0)
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
	int fd = openat(top_fd, "version", O_RDONLY | O_CLOEXEC);
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
	wanted = 4 + content->files + (content->files + FILES_IN_DIRECTORY - 1) / FILES_IN_DIRECTORY;
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

/* ---- A volume ---- */

/* Where the name leads, "d000" or "..atomicdir/000001/d000", through the volume's own symlinks alone: a symlink of the content stays. */
static int follow_name(int fd, const char *name, char path[static PATH_MAX])
{
	char text[PATH_MAX], next[PATH_MAX];

	snprintf(path, PATH_MAX, "%s", name);
	for (int followed = 0; followed < 10; followed++) {
		ssize_t size = readlinkat(fd, path, text, sizeof(text) - 1);
		const char *slash = strrchr(path, '/');

		text[size < 0 ? 0 : size] = '\0';
		if (strncmp(text, "..", 2) != 0)
			return 0;
		if (snprintf(next, sizeof(next), "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, text) >= PATH_MAX)
			return -1;
		memcpy(path, next, sizeof(next));
	}
	return -1;
}

struct below {
	struct reading *reading;
	const char *name;
};

static int check_below(void *arg, const struct tree_entry *entry)
{
	const struct below *below = arg;
	struct tree_entry whole = *entry;
	char path[64];

	snprintf(path, sizeof(path), "%s%s%s", below->name, *entry->path ? "/" : "", entry->path);
	whole.path = path;
	return check_entry(below->reading, &whole);
}

static int check_file(struct reading *reading, int fd, const char *path, const char *name)
{
	struct tree_entry entry = { .path = name };
	char bytes[64] = "";

	if (fstatat(fd, path, &entry.status, AT_SYMLINK_NOFOLLOW) < 0)
		return complain(reading, "the name %s: %s", name, strerror(errno));
	if (S_ISLNK(entry.status.st_mode))
		entry.size = (size_t)readlinkat(fd, path, bytes, sizeof(bytes) - 1);
	entry.bytes = bytes;
	return check_entry(reading, &entry);
}

static int check_name(struct reading *reading, int fd, const char *name)
{
	struct below below = { reading, name };
	char path[PATH_MAX];
	int directory_fd, result;

	if (follow_name(fd, name, path) < 0)
		return complain(reading, "the name %s leads to itself", name);
	directory_fd = openat(fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory_fd < 0)
		return check_file(reading, fd, path, name);
	result = tree_read(directory_fd, check_below, &below);
	close(directory_fd);
	return result == 0 || *reading->why ? result : complain(reading, "%s cannot be read", name);
}

static int check_names(struct reading *reading, int fd)
{
	const struct content *content = &reading->content;
	char name[16];
	int wanted;

	if (read_version(reading, fd) < 0)
		return -1;
	wanted = 3 + content->files + (content->files + FILES_IN_DIRECTORY - 1) / FILES_IN_DIRECTORY;
	own_name(content->version, name, sizeof(name));
	if (check_name(reading, fd, "version") < 0 || check_name(reading, fd, "link") < 0 || check_name(reading, fd, name) < 0)
		return -1;
	for (int i = 0; i < content->files; i += FILES_IN_DIRECTORY) {
		directory_name(i, name, sizeof(name));
		if (check_name(reading, fd, name) < 0)
			return -1;
	}
	return reading->found == wanted ? 0 : complain(reading, "there are %d entries, not %d", reading->found, wanted);
}

struct looking {
	struct reading *reading;
	int fd;
};

/* Not followed by stat(2) alone: a symlink of the content may lead anywhere. */
static int look_at_name(void *arg, const char *name)
{
	const struct looking *looking = arg;
	char path[PATH_MAX];
	struct stat status;

	if (strncmp(name, "..", 2) == 0 ||
	    (follow_name(looking->fd, name, path) == 0 && fstatat(looking->fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0))
		return 0;
	return complain(looking->reading, "the name %s leads nowhere", name);
}

int content_read_volume(const char *path, char *why, size_t size)
{
	struct reading reading = { .why = why, .size = size };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;
	struct looking looking = { &reading, fd };
	struct stat data, version;

	*why = '\0';
	if (fd < 0)
		return CONTENT_ABSENT;
	if (fstatat(fd, "..data", &data, AT_SYMLINK_NOFOLLOW) < 0 &&
	    (fstatat(fd, "version", &version, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(version.st_mode))) {
		close(fd);
		return CONTENT_ABSENT;
	}
	result = check_names(&reading, fd);
	if (result == 0)
		result = tree_read_names(fd, ".", look_at_name, &looking);
	close(fd);
	return result < 0 ? CONTENT_BROKEN : reading.content.version;
}

/* ---- A directory of files ---- */

static bool is_own_of_layout(const struct tree_entry *entry)
{
	return strncmp(entry->path, "..", 2) == 0;
}

static int check_entry_of_files(void *arg, const struct tree_entry *entry)
{
	return is_own_of_layout(entry) ? 0 : check_entry(arg, entry);
}

static int note_name(void *arg, const char *name)
{
	bool *has_names = arg;

	*has_names = *has_names || strncmp(name, "..", 2) != 0;
	return 0;
}

int content_read_files(const char *path, char *why, size_t size)
{
	struct reading reading = { .why = why, .size = size };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), wanted, result;
	bool has_names = false;

	*why = '\0';
	if (fd >= 0)
		tree_read_names(fd, ".", note_name, &has_names);
	if (fd < 0 || !has_names) {
		if (fd >= 0)
			close(fd);
		return CONTENT_ABSENT;
	}
	result = read_version(&reading, fd);
	if (result == 0)
		result = tree_read(fd, check_entry_of_files, &reading);
	close(fd);
	wanted = 4 + reading.content.files + (reading.content.files + FILES_IN_DIRECTORY - 1) / FILES_IN_DIRECTORY;
	if (result == 0 && reading.found != wanted)
		result = complain(&reading, "there are %d entries, not %d", reading.found, wanted);
	return result != 0 ? CONTENT_BROKEN : reading.content.version;
}

/* A file that says which version it is. */
static bool is_version_file(const struct tree_entry *entry)
{
	char text[64] = "", own[16];
	int version, files;

	if (strcmp(entry->path, "version") != 0 && entry->path[0] != 'v')
		return false;
	memcpy(text, entry->bytes, entry->size < sizeof(text) ? entry->size : sizeof(text) - 1);
	if (entry->status.st_mode != (S_IFREG | VERSION_MODE) || sscanf(text, "%d %d\n", &version, &files) != 2)
		return false;
	own_name(version, own, sizeof(own));
	return strcmp(entry->path, "version") == 0 || strcmp(entry->path, own) == 0;
}

/* The owner's rights may be lent to a directory in which entries are moved. */
static int check_some_version(void *arg, const struct tree_entry *entry)
{
	struct reading *reading = arg;
	struct tree_entry closed = *entry;

	if (is_own_of_layout(entry) || is_version_file(entry))
		return 0;
	if (S_ISDIR(closed.status.st_mode) && *entry->path)
		closed.status.st_mode &= ~(mode_t)0200;
	if (strcmp(entry->path, "version") == 0 || entry->path[0] == 'v')
		return complain(reading, "%s is not whole", entry->path);
	for (int version = 1; version <= 3; version++) {
		reading->content = (struct content){ version, 9999 };
		if (check_entry(reading, &closed) == 0)
			return 0;
	}
	return -1;
}

int content_read_by_file(const char *path, char *why, size_t size)
{
	struct reading reading = { .why = why, .size = size };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	*why = '\0';
	if (fd < 0)
		return 0;
	result = tree_read(fd, check_some_version, &reading);
	close(fd);
	return result == 0 ? 0 : CONTENT_BROKEN;
}
