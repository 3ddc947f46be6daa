/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE ".app.atomicdir"

static size_t template_size;

static int open_up(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, status->st_mode | 0700);
	return 0;
}

static int wipe_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	return at->level ? remove(path) : 0;
}

static void copy_bytes(const char *from, const char *to)
{
	char bytes[4096];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t size;

	while ((size = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)size) != size)
			abort();
	close(in);
	close(out);
}

static int copy_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	const char *to = path + template_size + 1;
	char text[PATH_MAX];
	ssize_t size;

	if (!at->level)
		return 0;
	if (type == FTW_D)
		return mkdir(to, 0700);
	if (type == FTW_SL) {
		size = readlink(path, text, sizeof(text) - 1);
		text[size > 0 ? size : 0] = '\0';
		return symlink(text, to);
	}
	copy_bytes(path, to);
	return chmod(to, status->st_mode & 07777);
}

/* And times: a run that meets other ones makes other calls. */
static int set_mode(const char *path, const struct stat *status, int type, struct FTW *at)
{
	const char *to = path + template_size + 1;
	struct timespec times[2] = { status->st_atim, status->st_mtim };

	if (!at->level)
		return 0;
	if (type == FTW_DP && chmod(to, status->st_mode & 07777) < 0)
		return -1;
	return utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW);
}

void world_reset(const char *template)
{
	template_size = strlen(template);
	nftw(".", open_up, 16, FTW_PHYS);
	if (nftw(".", wipe_one, 16, FTW_PHYS | FTW_DEPTH) != 0 || nftw(template, copy_one, 16, FTW_PHYS) != 0 ||
	    nftw(template, set_mode, 16, FTW_PHYS | FTW_DEPTH) != 0) {
		perror("cannot set the world up");
		abort();
	}
}

static char read_value(const char *path)
{
	char bytes[3] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	return size == 2 && bytes[1] == '\n' ? bytes[0] : '?';
}

char world_value(void)
{
	struct stat status;
	char value;

	if (lstat("app", &status) < 0)
		return 0;
	value = read_value("app/a");
	return read_value("app/sub/b") == value && read_value("app/same") == 's' ? value : '?';
}

static bool exists(const char *directory, const char *name, const char *suffix)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	return lstat(path, &status) == 0;
}

/* NULL: it belongs there. */
static const char *why_not(const char *name, bool has_hook, int *generations)
{
	char number[8];
	size_t digits = strspn(name, "0123456789");

	if (name[0] == '.' || strcmp(name, "lock") == 0)
		return NULL;
	snprintf(number, sizeof(number), "%.6s", name);
	if (digits != 6)
		return "something is left in the store";
	if (!name[6]) {
		++*generations;
		return exists(STORE, number, ".info") ? NULL : "a generation without .info is left";
	}
	if (strcmp(name + 6, ".info") != 0 && strcmp(name + 6, ".note") != 0 && !(has_hook && strcmp(name + 6, ".hook") == 0))
		return "something is left in the store";
	return exists(STORE, number, "") ? NULL : "a file of no generation is left";
}

bool world_is_clean(const char *template, int kept, bool has_hook, const char **why)
{
	const struct dirent *entry;
	int generations = 0;
	DIR *directory = opendir(STORE);

	*why = directory ? NULL : "there is no store";
	while (directory && !*why && (entry = readdir(directory)))
		*why = why_not(entry->d_name, has_hook, &generations);
	if (directory)
		closedir(directory);
	if (!*why && generations > kept + 1)
		*why = "more generations are kept than asked for";
	directory = opendir(".");
	while (!*why && (entry = readdir(directory)))
		if (strcmp(entry->d_name, "app") != 0 && strcmp(entry->d_name, STORE) != 0 &&
		    !(has_hook && strcmp(entry->d_name, "hooked") == 0) && !exists(template, entry->d_name, ""))
			*why = "something is left beside the store";
	closedir(directory);
	return !*why;
}
