/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/tree.h"

/* Where LINK is a volume, its store is in it. */
static const char *store_path(void)
{
	struct stat status;

	return lstat("app/..atomicdir", &status) == 0 ? "app/..atomicdir" : ".app.atomicdir";
}

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

/* What a reader finds under the name: the digit or letter; 0: there is no such name; '?': something else. */
static char read_value(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[3] = "";
	ssize_t size;

	if (fd < 0)
		return errno == ENOENT ? 0 : '?';
	size = read(fd, text, sizeof(text));
	close(fd);
	return size == 2 && text[1] == '\n' ? text[0] : '?';
}

/* A volume without ..data has nothing live, though names may be there already, or still, as symlinks. */
static bool is_published(void)
{
	struct stat status;

	if (lstat("app", &status) < 0)
		return false;
	return !S_ISDIR(status.st_mode) || lstat("app/..data", &status) == 0 ||
	       (lstat("app/a", &status) == 0 && S_ISREG(status.st_mode));
}

char world_value(void)
{
	char a = read_value("app/a"), b = read_value("app/sub/b"), same = read_value("app/same"), own = 0;
	char path[32];

	if (!is_published())
		return 0;
	if (!a || a != b || same != 's')
		return '?';
	/* A name that only one version has. */
	snprintf(path, sizeof(path), "app/only-%c", a);
	own = read_value(path);
	snprintf(path, sizeof(path), "app/..data/only-%c", a);
	return own == a || (!own && !read_value(path)) ? a : '?';
}

bool world_is_by_file(void)
{
	static const char *const paths[] = { "app/a", "app/sub/b", "app/same" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char value = read_value(paths[i]);

		if (value == '?' || (value && (value == 's') != (i == 2)))
			return false;
	}
	return true;
}

static bool exists(const char *directory, const char *name, const char *suffix)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	return lstat(path, &status) == 0;
}

struct cleanliness {
	const char *template, *why;
	bool has_hook;
	int generations;
};

/* NULL: it belongs there. */
static const char *why_not(const char *name, struct cleanliness *clean)
{
	char number[8];
	size_t digits = strspn(name, "0123456789");

	if (name[0] == '.' || strcmp(name, "lock") == 0 || strcmp(name, "live") == 0 || strcmp(name, "status") == 0 ||
	    strcmp(name, "refused") == 0)
		return NULL;
	snprintf(number, sizeof(number), "%.6s", name);
	if (digits != 6)
		return "something is left in the store";
	if (!name[6]) {
		clean->generations++;
		return exists(store_path(), number, ".info") ? NULL : "a generation without .info is left";
	}
	if (strcmp(name + 6, ".info") != 0 && strcmp(name + 6, ".note") != 0 && strcmp(name + 6, ".files") != 0 &&
	    strcmp(name + 6, ".carried") != 0 &&
	    !(clean->has_hook && (strcmp(name + 6, ".hook") == 0 || strcmp(name + 6, ".good") == 0)))
		return "something is left in the store";
	return exists(store_path(), number, "") ? NULL : "a file of no generation is left";
}

static int look_in_store(void *arg, const char *name)
{
	struct cleanliness *clean = arg;

	clean->why = why_not(name, clean);
	return clean->why ? 1 : 0;
}

static int look_beside(void *arg, const char *name)
{
	struct cleanliness *clean = arg;
	bool belongs = strcmp(name, "app") == 0 || strcmp(name, ".app.atomicdir") == 0 ||
		       (clean->has_hook && strcmp(name, "hooked") == 0);

	if (belongs || exists(clean->template, name, ""))
		return 0;
	clean->why = "something is left beside the store";
	return 1;
}

/* In a volume. */
static int look_at_name(void *arg, const char *name)
{
	struct cleanliness *clean = arg;
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "app/%s", name);
	if (stat(path, &status) == 0)
		return 0;
	clean->why = "a name leads nowhere";
	return 1;
}

static bool is_volume(void)
{
	struct stat status;

	return lstat("app", &status) == 0 && S_ISDIR(status.st_mode);
}

bool world_is_clean(const char *template, int kept, bool has_hook, const char **why)
{
	struct cleanliness clean = { .template = template, .has_hook = has_hook };

	if (kept < 0)
		clean.why = exists(".", store_path(), "") ? "the store is left" : NULL;
	else if (tree_read_names(AT_FDCWD, store_path(), look_in_store, &clean) < 0)
		clean.why = "the store cannot be read";
	else if (!clean.why && clean.generations > kept + 1)
		clean.why = "more generations are kept than asked for";
	if (!clean.why && tree_read_names(AT_FDCWD, ".", look_beside, &clean) < 0)
		clean.why = "the directory of LINK cannot be read";
	if (!clean.why && is_volume() && tree_read_names(AT_FDCWD, "app", look_at_name, &clean) < 0)
		clean.why = "the names cannot be read";
	*why = clean.why;
	return !clean.why;
}
