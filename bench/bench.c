/* SPDX-License-Identifier: ISC
 *
 * bench DIRECTORY [COUNT...]: fills of COUNT files of 4 KiB in DIRECTORY by each way, in turn, each in a process of its own and
 * in a directory that nothing else uses; prints the medians. Only ratios carry over to other machines.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ways.h"

enum { WAYS_MAX = 8, ROUNDS_MAX = 64 };

struct sample {
	double ms[ROUNDS_MAX];
	long peak_kib[ROUNDS_MAX];
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Whatever lies about in memory would be waited for by the next one's syncfs(2). */
static void settle(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		err(1, "%s", directory);
	close(fd);
}

static void remove_all(const char *directory)
{
	char command[4200];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command))
		errx(1, "cannot remove %s", directory);
}

/* The child tells how long the fill alone took; wait4(2) how much memory it and its children had at most. */
static double run(const struct way *way, const struct job *job, long *peak_kib)
{
	struct rusage usage;
	int channel[2], status;
	double ms = 0;
	pid_t child;

	if (pipe(channel) < 0 || (child = fork()) < 0)
		err(1, "cannot start a process");
	if (!child) {
		if (way->prepare)
			way->prepare(job);
		settle(job->directory);
		ms = now_ms();
		way->fill(job);
		ms = now_ms() - ms;
		_exit(write(channel[1], &ms, sizeof(ms)) != sizeof(ms));
	}
	close(channel[1]);
	if (read(channel[0], &ms, sizeof(ms)) != sizeof(ms) || wait4(child, &status, 0, &usage) < 0 || status)
		errx(1, "%s failed", way->name);
	close(channel[0]);
	*peak_kib = usage.ru_maxrss;
	return ms;
}

static int compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static double median(const double *values, int count)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, (size_t)count * sizeof(*values));
	qsort(sorted, (size_t)count, sizeof(*sorted), compare);
	return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* One fill by each way: on a LINK that is not there yet, or onto one that was filled with other content just before. */
static void round_run(struct sample *samples, int round, const char *top, struct job job, bool is_replacing)
{
	char directory[4096];
	long peak;

	for (int i = 0; i < way_count; i++) {
		int way = (i + round) % way_count;

		snprintf(directory, sizeof(directory), "%s/work", top);
		if (mkdir(directory, 0755) < 0)
			err(1, "%s", directory);
		job.directory = directory;
		job.seed = 1;
		if (is_replacing) {
			run(&ways[way], &job, &peak);
			job.seed = 2;
		}
		samples[way].ms[round] = run(&ways[way], &job, &samples[way].peak_kib[round]);
		remove_all(directory);
		settle(top);
	}
}

static void report(const struct sample *samples, int rounds, const struct job *job, bool is_replacing)
{
	double ratios[ROUNDS_MAX];

	for (int way = 0; way < way_count; way++) {
		long peak = 0;

		for (int i = 0; i < rounds; i++) {
			ratios[i] = samples[way].ms[i] / samples[0].ms[i];
			peak = samples[way].peak_kib[i] > peak ? samples[way].peak_kib[i] : peak;
		}
		printf("%6d  %-9s  %-7s  %-20s %10.2f %8.2f %8.1f\n", job->count, is_replacing ? "replacing" : "first",
		       job->is_durable ? "yes" : "no", ways[way].name, median(samples[way].ms, rounds), median(ratios, rounds),
		       (double)peak / 1024);
	}
	printf("\n");
	fflush(stdout);
}

static int rounds_for(int count)
{
	int rounds = count <= 1000 ? 11 : 5;
	const char *wanted = getenv("BENCH_ROUNDS");

	if (count <= 100)
		rounds = count <= 10 ? 31 : 21;
	if (wanted)
		rounds = atoi(wanted);
	if (rounds < 1)
		return 1;
	return rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
}

int main(int argc, char **argv)
{
	static const char *usual[] = { "10", "100", "1000", "10000" };
	static struct sample samples[WAYS_MAX];
	int counts = argc > 2 ? argc - 2 : 4;

	if (argc < 2)
		errx(2, "usage: bench DIRECTORY [COUNT...]");
	printf("%6s  %-9s  %-7s  %-20s %10s %8s %8s\n", "files", "fill", "durable", "way", "ms", "ratio", "MiB");
	for (int i = 0; i < counts; i++) {
		struct job job = { .count = atoi(argc > 2 ? argv[i + 2] : usual[i]) };
		int rounds = rounds_for(job.count);

		for (int kind = 0; kind < 4; kind++) {
			job.is_durable = !(kind & 2);
			for (int round = 0; round < rounds; round++)
				round_run(samples, round, argv[1], job, kind & 1);
			report(samples, rounds, &job, kind & 1);
		}
	}
	return 0;
}
