/* SPDX-License-Identifier: ISC */
#include "job.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void job_parse(struct job *job, char **arguments)
{
	*job = (struct job){ .directory = ".", .sync = "auto", .count = 1, .seed = 1, .changed = -1 };
	for (; *arguments; arguments++) {
		char *value = strchr(*arguments, '=');

		if (!value)
			errx(2, "unknown argument '%s'", *arguments);
		*value++ = '\0';
		if (strcmp(*arguments, "directory") == 0)
			job->directory = value;
		else if (strcmp(*arguments, "sync") == 0)
			job->sync = value;
		else if (strcmp(*arguments, "count") == 0)
			job->count = atoi(value);
		else if (strcmp(*arguments, "seed") == 0)
			job->seed = atoi(value);
		else if (strcmp(*arguments, "changed") == 0)
			job->changed = atoi(value);
		else if (strcmp(*arguments, "link_unchanged") == 0)
			job->link_unchanged = atoi(value) != 0;
		else
			errx(2, "unknown argument '%s'", *arguments);
	}
}

bool job_is_durable(const struct job *job)
{
	return strcmp(job->sync, "none") != 0;
}

void file_name(char name[static NAME_SIZE], int number)
{
	snprintf(name, NAME_SIZE, "file-%05d", number);
}

void file_bytes(char bytes[static FILE_SIZE], const struct job *job, int number)
{
	bool is_changed = job->changed < 0 || number < job->changed;

	if (!bytes[FILE_SIZE - 1])
		memset(bytes, 'a', FILE_SIZE);
	snprintf(bytes, 64, "file %8d of seed %8d", number, is_changed ? job->seed : 0);
}

int directory_open(int directory_fd, const char *path)
{
	int fd = openat(directory_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

void files_write(const struct job *job, int directory_fd)
{
	static char bytes[FILE_SIZE];
	char name[NAME_SIZE];

	for (int i = 0; i < job->count; i++) {
		int fd;

		file_name(name, i);
		file_bytes(bytes, job, i);
		fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, bytes, FILE_SIZE) != FILE_SIZE || close(fd) < 0)
			err(1, "%s", name);
	}
}

long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}
