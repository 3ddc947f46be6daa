/* SPDX-License-Identifier: ISC
 *
 * spawn COMMAND [ARG...]: runs COMMAND and measures it from outside, from before it is started until it has ended. Prints, as
 * one line of JSON: nanoseconds until it ended, and until the first line of its output (-1: there was none); its peak memory in KiB;
 * bytes that it and those it waited for wrote by system calls, its own output left out; and that first line.
 *
 * This is a small program, since a child inherits the peak memory of what starts it.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Of a process that has ended and was not waited for yet; -1: not known. */
static long long written_by(pid_t pid)
{
	char path[64], line[128];
	long long written = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "wchar: %lld", &written);
	if (file)
		fclose(file);
	return written;
}

static pid_t start(char **command, int *out_fd)
{
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0 || (child = fork()) < 0)
		err(1, "cannot start a process");
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	close(ends[1]);
	*out_fd = ends[0];
	return child;
}

int main(int argc, char **argv)
{
	char line[256] = "", rest[4096];
	long long begin = now_ns(), first = -1, end, written;
	ssize_t size, all = 0;
	struct rusage usage;
	siginfo_t about;
	int out_fd, status;
	pid_t child;

	if (argc < 2)
		errx(2, "usage: spawn COMMAND [ARG...]");
	child = start(argv + 1, &out_fd);
	while ((size = read(out_fd, all ? rest : line, all ? sizeof(rest) : sizeof(line) - 1)) > 0) {
		first = first < 0 ? now_ns() - begin : first;
		all += size;
	}
	if (waitid(P_PID, (id_t)child, &about, WEXITED | WNOWAIT) < 0)
		err(1, "cannot wait for %s", argv[1]);
	end = now_ns() - begin;
	written = written_by(child);
	if (wait4(child, &status, 0, &usage) < 0 || status)
		errx(1, "%s failed", argv[1]);
	line[strcspn(line, "\n\"\\")] = '\0';
	printf("{\"ns\":%lld,\"first_ns\":%lld,\"peak_kib\":%ld,\"written\":%lld,\"line\":\"%s\"}\n", end, first,
	       usage.ru_maxrss, written < 0 ? written : written - all, line);
	return 0;
}
