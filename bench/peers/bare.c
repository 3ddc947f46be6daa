/* SPDX-License-Identifier: ISC
 *
 * bare WAY [NAME=VALUE...]: the same job without the library. The ways:
 *
 *	loop     a new directory under an old name, with the fewest calls: no lock, no clean-up, no care; the old one is removed.
 *		 The last seed must be one less than this one.
 *	each     each file by itself: a temporary file, fsync where it is durable, rename. Atomic for each file, not for the set.
 *	one      the bytes of all files in one file, fsync, rename, fsync of the directory: the least that two commits take
 *	files    only writes the files into the directory, which is made
 *	compare  compares files of "live" and "other" by their bytes; prints the nanoseconds for each
 *	dirty    writes 256 MiB to a file and leaves the disk to whoever syncs next
 *	ready    loop's first directory
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"

static void generation_name(char name[static NAME_SIZE], int seed)
{
	snprintf(name, NAME_SIZE, "live-%d", seed);
}

static int directory_make(int parent, const char *name)
{
	if (mkdirat(parent, name, 0755) < 0)
		err(1, "%s", name);
	return directory_open(parent, name);
}

static void generation_remove(const struct job *job, int parent, int seed)
{
	char generation[NAME_SIZE], name[NAME_SIZE];
	int directory;

	generation_name(generation, seed);
	directory = directory_open(parent, generation);
	for (int i = 0; i < job->count; i++) {
		file_name(name, i);
		if (unlinkat(directory, name, 0) < 0)
			err(1, "%s", name);
	}
	close(directory);
	if (unlinkat(parent, generation, AT_REMOVEDIR) < 0)
		err(1, "%s", generation);
}

static void generation_publish(const struct job *job, int parent)
{
	char name[NAME_SIZE];
	int directory;

	generation_name(name, job->seed);
	directory = directory_make(parent, name);
	files_write(job, directory);
	if (symlinkat(name, parent, "next") < 0 || (job_is_durable(job) && syncfs(directory) < 0) ||
	    renameat(parent, "next", parent, "live") < 0 || (job_is_durable(job) && fsync(parent) < 0))
		err(1, "%s", name);
	close(directory);
}

static void run_loop(const struct job *job)
{
	int parent = directory_open(AT_FDCWD, job->directory);

	generation_publish(job, parent);
	generation_remove(job, parent, job->seed - 1);
}

static void run_ready(const struct job *job)
{
	generation_publish(job, directory_open(AT_FDCWD, job->directory));
}

static void run_each(const struct job *job)
{
	static char bytes[FILE_SIZE];
	int directory = directory_open(AT_FDCWD, job->directory);
	char name[NAME_SIZE];

	for (int i = 0; i < job->count; i++) {
		int fd = openat(directory, "temporary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		file_name(name, i);
		file_bytes(bytes, job, i);
		if (fd < 0 || write(fd, bytes, FILE_SIZE) != FILE_SIZE || (job_is_durable(job) && fsync(fd) < 0) ||
		    close(fd) < 0 || renameat(directory, "temporary", directory, name) < 0)
			err(1, "%s", name);
	}
	if (job_is_durable(job) && fsync(directory) < 0)
		err(1, "%s", job->directory);
}

static void run_one(const struct job *job)
{
	static char bytes[FILE_SIZE];
	int directory = directory_open(AT_FDCWD, job->directory);
	int fd = openat(directory, "next", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	for (int i = 0; i < job->count; i++) {
		file_bytes(bytes, job, i);
		if (fd < 0 || write(fd, bytes, FILE_SIZE) != FILE_SIZE)
			err(1, "next");
	}
	if (fsync(fd) < 0 || close(fd) < 0 || renameat(directory, "next", directory, "live") < 0 || fsync(directory) < 0)
		err(1, "live");
}

static void run_files(const struct job *job)
{
	files_write(job, directory_make(AT_FDCWD, job->directory));
}

static ssize_t file_read(int directory, const char *name, char bytes[static FILE_SIZE])
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat about;
	ssize_t size;

	if (fd < 0 || fstat(fd, &about) < 0 || about.st_size != FILE_SIZE)
		err(1, "%s", name);
	size = read(fd, bytes, FILE_SIZE);
	close(fd);
	return size;
}

static void run_compare(const struct job *job)
{
	static char one[FILE_SIZE], other[FILE_SIZE];
	int parent = directory_open(AT_FDCWD, job->directory);
	int directories[] = { directory_open(parent, "live"), directory_open(parent, "other") };
	long long since = now_ns();
	char name[NAME_SIZE];

	for (int i = 0; i < job->count; i++) {
		file_name(name, i);
		if (file_read(directories[0], name, one) != FILE_SIZE || file_read(directories[1], name, other) != FILE_SIZE ||
		    memcmp(one, other, FILE_SIZE) != 0)
			errx(1, "%s differs", name);
	}
	printf("%lld\n", (now_ns() - since) / job->count);
}

static void run_dirty(const struct job *job)
{
	enum { PIECE = 1 << 20, PIECES = 256 };
	char *bytes = calloc(1, PIECE);
	int directory = directory_open(AT_FDCWD, job->directory);
	int fd;

	/* Ext4 gives a file that was truncated its places at the close, so that nobody's commit can leave it out any more. */
	unlinkat(directory, "stranger", 0);
	fd = openat(directory, "stranger", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	for (int i = 0; i < PIECES; i++)
		if (!bytes || fd < 0 || write(fd, bytes, PIECE) != PIECE)
			err(1, "stranger");
	free(bytes);
}

static const struct way {
	const char *name;
	void (*run)(const struct job *job);
} ways[] = { { "loop", run_loop },   { "ready", run_ready },	 { "each", run_each },	{ "one", run_one },
	     { "files", run_files }, { "compare", run_compare }, { "dirty", run_dirty } };

int main(int argc, char **argv)
{
	struct job job;

	job_parse(&job, argv + (argc > 1 ? 2 : 1));
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(ways[i].name, argv[1]) == 0) {
			ways[i].run(&job);
			return 0;
		}
	errx(2, "usage: bare WAY [NAME=VALUE...]");
}
