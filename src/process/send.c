/* SPDX-License-Identifier: ISC */
#include "process/send.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/libc.h"

#define TRY_MS 5000
#define PAUSE_MS 50
#define PIDFILE_MAX 4096

enum sent { SENT, SENT_TO_NOBODY, SENT_FAILED };

typedef enum sent (*send_fn)(const char *where, int signal, struct atomicdir_error *error);

/* Nobody: the last reason is told once the time is over. */
static int send_until(send_fn send, const char *where, int signal, struct atomicdir_error *error)
{
	static const struct timespec pause = { 0, PAUSE_MS * 1000000 };
	int64_t until_ms = clock_ms() + TRY_MS;

	for (;;) {
		enum sent sent = send(where, signal, error);

		if (sent == SENT)
			error_clear(error);
		if (sent != SENT_TO_NOBODY || clock_ms() >= until_ms)
			return sent == SENT ? 0 : -1;
		nanosleep(&pause, NULL);
	}
}

static enum sent send_to(pid_t pid, const char *where, int signal, struct atomicdir_error *error)
{
	int why;

	if (kill(pid, signal) == 0)
		return SENT;
	why = errno;
	error_system(error, why, where, "cannot send SIG%s to process %d of", sigabbrev_np(signal), (int)pid);
	return why == ESRCH ? SENT_TO_NOBODY : SENT_FAILED;
}

/* ---- By a file ---- */

/* The number that is all that the text holds; 0: there is none. */
static pid_t pid_parse(const char *text)
{
	char *end;
	long pid;

	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	pid = strtol(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	return *end || errno || pid > INT_MAX ? 0 : (pid_t)pid;
}

static enum sent pidfile_send(const char *path, int signal, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer content = { 0 };
	pid_t pid;
	int why;

	if (read_path(path, PIDFILE_MAX, &content) < 0) {
		why = errno;
		error_system(error, why, path, "cannot read the number of a process from");
		return why == ENOENT ? SENT_TO_NOBODY : SENT_FAILED;
	}
	pid = content.size ? pid_parse(content.bytes) : 0;
	if (pid > 0)
		return send_to(pid, path, signal, error);
	/* Whoever writes it may not be done. */
	error_object(error, ATOMICDIR_FAILED, path, "does not hold the number of a process and nothing else");
	return SENT_TO_NOBODY;
}

int send_to_pidfile(const char *path, int signal, struct atomicdir_error *error)
{
	return send_until(pidfile_send, path, signal, error);
}

/* ---- By the program's name ---- */

/* A program whose file was replaced since it began still counts. */
static bool pid_runs(pid_t pid, const char *name)
{
	static const char deleted[] = " (deleted)";
	char link[64], path[PATH_MAX];
	const char *base;
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0)
		return false;
	path[size] = '\0';
	if ((size_t)size >= sizeof(deleted) && strcmp(path + size - (sizeof(deleted) - 1), deleted) == 0)
		path[(size_t)size - (sizeof(deleted) - 1)] = '\0';
	base = strrchr(path, '/');
	return strcmp(base ? base + 1 : path, name) == 0;
}

/* All get it, also those after one that may not be sent it. */
static enum sent program_send(const char *name, int signal, struct atomicdir_error *error)
{
	struct atomicdir_error why;
	enum sent result = SENT_TO_NOBODY;
	const struct dirent *entry;
	DIR *processes = opendir("/proc");

	if (!processes) {
		error_system(error, errno, "/proc", "cannot look for processes in");
		return SENT_FAILED;
	}
	error_object(error, ATOMICDIR_FAILED, name, "is not running here; nobody can be sent SIG%s", sigabbrev_np(signal));
	while ((entry = readdir(processes))) {
		pid_t pid = pid_parse(entry->d_name);
		enum sent one =
			pid > 0 && pid != getpid() && pid_runs(pid, name) ? send_to(pid, name, signal, &why) : SENT_TO_NOBODY;

		if (one == SENT_FAILED && error)
			*error = why;
		if (one == SENT_FAILED || (one == SENT && result == SENT_TO_NOBODY))
			result = one;
	}
	closedir(processes);
	return result;
}

int send_to_program(const char *name, int signal, struct atomicdir_error *error)
{
	return send_until(program_send, name, signal, error);
}
