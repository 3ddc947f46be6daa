/* SPDX-License-Identifier: ISC */
#include "ways.h"

#include <atomicdir.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void file_name(char name[32], int number)
{
	snprintf(name, 32, "file-%05d", number);
}

static void file_bytes(char bytes[static FILE_SIZE], const struct job *job, int number)
{
	memset(bytes, 'a' + (job->seed + number) % 26, FILE_SIZE);
	snprintf(bytes, 64, "%d of %d", number, job->seed);
}

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void file_write(const struct job *job, int directory, int number, const char *name, int flags, bool is_synced)
{
	char bytes[FILE_SIZE];
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

	file_bytes(bytes, job, number);
	if (fd < 0 || write(fd, bytes, FILE_SIZE) != FILE_SIZE || (is_synced && fsync(fd) < 0) || close(fd) < 0)
		err(1, "%s", name);
}

static void files_write(const struct job *job, int directory)
{
	char name[32];

	for (int i = 0; i < job->count; i++) {
		file_name(name, i);
		file_write(job, directory, i, name, O_EXCL, false);
	}
}

/* What the kernel takes at least for a new directory under an old name: no lock, no clean-up, no care. */
static void fill_floor(const struct job *job)
{
	int parent = open_directory(job->directory), directory;
	char name[32];

	snprintf(name, sizeof(name), "live-%d", job->seed);
	if (mkdirat(parent, name, 0755) < 0 || (directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err(1, "%s", name);
	files_write(job, directory);
	if (symlinkat(name, parent, "next") < 0 || (job->is_durable && syncfs(directory) < 0) ||
	    renameat(parent, "next", parent, "live") < 0 || (job->is_durable && fsync(parent) < 0))
		err(1, "%s", name);
	close(directory);
	close(parent);
}

static void fill_ours(const struct job *job)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_error error;
	struct atomicdir_stage *stage;
	char link[4096], name[32], bytes[FILE_SIZE];

	snprintf(link, sizeof(link), "%s/live", job->directory);
	options.sync = job->is_durable ? ATOMICDIR_SYNC_AUTO : ATOMICDIR_SYNC_NONE;
	stage = atomicdir_begin(link, &options, &error);
	for (int i = 0; stage && i < job->count; i++) {
		file_name(name, i);
		file_bytes(bytes, job, i);
		if (atomicdir_write(stage, name, bytes, FILE_SIZE, 0644, &error) < 0)
			errx(error.kind, "%s", error.text);
	}
	if (!stage || atomicdir_commit(stage, NULL, &error) != 1)
		errx(1, "%s", error.text);
	atomicdir_free(stage);
}

/* What a release script copies from. */
static void prepare_copy(const struct job *job)
{
	char path[4096];
	int directory;

	snprintf(path, sizeof(path), "%s/source-%d", job->directory, job->seed);
	if (mkdir(path, 0755) < 0)
		err(1, "%s", path);
	directory = open_directory(path);
	files_write(job, directory);
	close(directory);
}

static void fill_copy(const struct job *job)
{
	char script[8192];
	int status;
	pid_t child;

	snprintf(script, sizeof(script), "cd '%s' && cp -a source-%d live-%d && %s ln -s live-%d next && mv -T next live",
		 job->directory, job->seed, job->seed, job->is_durable ? "sync -f live-* &&" : "", job->seed);
	child = fork();
	if (!child) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status)
		errx(1, "%s", script);
}

static void prepare_each(const struct job *job)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/live", job->directory);
	mkdir(path, 0755);
}

/* Atomic for each file, not for the set. */
static void fill_each(const struct job *job)
{
	char path[4096], name[32];
	int directory;

	snprintf(path, sizeof(path), "%s/live", job->directory);
	directory = open_directory(path);
	for (int i = 0; i < job->count; i++) {
		file_name(name, i);
		file_write(job, directory, i, "temporary", O_TRUNC, job->is_durable);
		if (renameat(directory, "temporary", directory, name) < 0)
			err(1, "%s", name);
	}
	if (job->is_durable && fsync(directory) < 0)
		err(1, "%s", path);
	close(directory);
}

const struct way ways[] = {
	{ "floor: bare loop", NULL, fill_floor },
	{ "libatomicdir", NULL, fill_ours },
	{ "cp -a, mv -T", prepare_copy, fill_copy },
	{ "each file by itself", prepare_each, fill_each },
};
const int way_count = sizeof(ways) / sizeof(*ways);
