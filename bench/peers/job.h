/* SPDX-License-Identifier: ISC
 *
 * What a program that is measured is told, as NAME=VALUE arguments, and the files that all of them write: file-00000 and so on,
 * whose bytes depend on a number, the seed. Each program is given an absolute directory of its own and fills "live" in it.
 */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>

enum { FILE_SIZE = 4096, NAME_SIZE = 32 };

struct job {
	const char *directory;
	const char *sync; /* "auto", "files", "fs" or "none" */
	int count;
	int seed;
	int changed; /* only so many files depend on the seed; -1: all */
	bool link_unchanged;
};

/* Ends the program on an argument that it does not know. `arguments` ends with NULL. */
void job_parse(struct job *job, char **arguments);
bool job_is_durable(const struct job *job);

void file_name(char name[static NAME_SIZE], int number);
/* `bytes` is the same buffer in each call, all zeros before the first. */
void file_bytes(char bytes[static FILE_SIZE], const struct job *job, int number);
int directory_open(int directory_fd, const char *path);
/* Writes the job's files into a directory that has none of them, with the fewest calls: openat, write, close. */
void files_write(const struct job *job, int directory_fd);
long long now_ns(void);

#endif
