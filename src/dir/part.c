/* SPDX-License-Identifier: ISC */
#include "dir/part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

static const char *const suffixes[PART_COUNT] = {
	[PART_DIRECTORY] = "",	     [PART_INFO] = ".info",   [PART_INFO_NEW] = ".info.new",
	[PART_HOOK] = ".hook",	     [PART_GOOD] = ".good",   [PART_NOTE] = ".note",
	[PART_CARRIED] = ".carried", [PART_FILES] = ".files", [PART_TRASH] = ".trash",
};

void part_name(char name[static NAME_NUMBER_SIZE], int64_t number, enum part part)
{
	name_number(name, number, suffixes[part]);
}

/* O_NONBLOCK: a FIFO, which we did not make, would keep us waiting for its writer. */
int part_open(int store_fd, int64_t number, enum part part)
{
	char name[NAME_NUMBER_SIZE];

	part_name(name, number, part);
	return openat(store_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* A new file, which belongs to the store's owner. One that could not be written whole is removed. */
static int part_create(int store_fd, const char *name, const void *bytes, size_t size, bool to_disk)
{
	cleanup_fd int fd = create_file_at(store_fd, name, 0600);
	int saved;

	if (fd < 0)
		return -1;
	if (give_to_owner_of(store_fd, fd) == 0 && write_all(fd, bytes, size) == 0 && (!to_disk || fsync(fd) == 0) &&
	    close(take_fd(&fd)) == 0)
		return 0;
	saved = errno;
	unlinkat(store_fd, name, 0);
	errno = saved;
	return -1;
}

int part_write(int store_fd, int64_t number, enum part part, const void *bytes, size_t size)
{
	char name[NAME_NUMBER_SIZE];

	part_name(name, number, part);
	if (part_remove(store_fd, number, part) < 0)
		return -1;
	return part_create(store_fd, name, bytes, size, false);
}

int store_file_replace(int store_fd, const char *name, const void *bytes, size_t size, bool to_disk)
{
	int saved;

	if (part_create(store_fd, NAME_NEXT, bytes, size, to_disk) == 0 && renameat(store_fd, NAME_NEXT, store_fd, name) == 0)
		return 0;
	saved = errno;
	unlinkat(store_fd, NAME_NEXT, 0);
	errno = saved;
	return -1;
}

int part_replace(int store_fd, int64_t number, enum part part, const void *bytes, size_t size, bool to_disk)
{
	char name[NAME_NUMBER_SIZE];

	part_name(name, number, part);
	return store_file_replace(store_fd, name, bytes, size, to_disk);
}

int part_append(int store_fd, int64_t number, enum part part, const void *bytes, size_t size)
{
	char name[NAME_NUMBER_SIZE];
	cleanup_fd int fd = -1;

	part_name(name, number, part);
	fd = openat(store_fd, name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -1 : write_all(fd, bytes, size);
}

int part_read(int store_fd, int64_t number, enum part part, size_t limit, struct buffer *bytes)
{
	char name[NAME_NUMBER_SIZE];

	part_name(name, number, part);
	return read_file_at(store_fd, name, limit, bytes);
}

int part_rename(int store_fd, int64_t number, enum part from, enum part to)
{
	char old[NAME_NUMBER_SIZE], new[NAME_NUMBER_SIZE];

	part_name(old, number, from);
	part_name(new, number, to);
	return renameat(store_fd, old, store_fd, new);
}

int part_remove(int store_fd, int64_t number, enum part part)
{
	char name[NAME_NUMBER_SIZE];

	part_name(name, number, part);
	return unlinkat(store_fd, name, 0) < 0 && errno != ENOENT ? -1 : 0;
}

bool part_may_exist(int store_fd, int64_t number, enum part part)
{
	char name[NAME_NUMBER_SIZE];
	struct stat status;

	part_name(name, number, part);
	return fstatat(store_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* ---- What there is of each number ---- */

void found_clear(struct found_list *found)
{
	free_pointer(&found->list);
	found->count = 0;
}

static unsigned found_bit(const char *suffix)
{
	for (int part = 0; part < PART_COUNT; part++)
		if (strcmp(suffix, suffixes[part]) == 0)
			return FOUND(part);
	return 0;
}

static int found_compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->number < y->number) - (x->number > y->number);
}

static int found_add(struct found_list *found, const char *name)
{
	const char *suffix;
	int64_t number = name_parse_number(name, &suffix);
	unsigned part = number ? found_bit(suffix) : 0;
	struct found *added;

	if (!part)
		return 0;
	added = array_add(&found->list, &found->count, sizeof(*added));
	if (!added)
		return -1;
	*added = (struct found){ number, part };
	return 0;
}

static void found_merge(struct found_list *found)
{
	size_t kept = 0;

	if (found->count)
		qsort(found->list, found->count, sizeof(*found->list), found_compare);
	for (size_t i = 0; i < found->count; i++) {
		if (kept && found->list[kept - 1].number == found->list[i].number)
			found->list[kept - 1].parts |= found->list[i].parts;
		else
			found->list[kept++] = found->list[i];
	}
	found->count = kept;
}

static void found_close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

int found_read(const struct place *place, struct found_list *found, struct atomicdir_error *error)
{
	cleanup_fd int fd = openat(place->store_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(found_close_directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*found = (struct found_list){ 0 };
	if (!directory)
		return error_system(error, errno, place->name.store_path, "cannot read the store");
	take_fd(&fd);
	while (errno = 0, (entry = readdir(directory)))
		if (found_add(found, entry->d_name) < 0)
			break;
	if (errno) {
		found_clear(found);
		return error_system(error, errno, place->name.store_path, "cannot read the store");
	}
	found_merge(found);
	return 0;
}

const struct found *found_get(const struct found_list *found, int64_t number)
{
	struct found key = { .number = number };

	return found->count ? bsearch(&key, found->list, found->count, sizeof(key), found_compare) : NULL;
}

bool found_is_published(const struct found *found)
{
	return found && found->parts & FOUND(PART_DIRECTORY) && found->parts & FOUND(PART_INFO);
}
