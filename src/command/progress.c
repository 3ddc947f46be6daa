/* SPDX-License-Identifier: ISC */
#include "command/progress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "command/report.h"
#include "process/signals.h"

#define SHOW_EACH_MS 1000

/* What the process says when a phase begins. */
struct announcement {
	enum progress_phase phase;
	size_t count;		  /* of what is fetched; 0: not known */
	char directory[PATH_MAX]; /* whose files are counted; "": none */
};

/* What the child knows. */
struct follower {
	int ends[2];
	pid_t process; /* whose progress is shown */
};

static const char *const texts[] = { NULL, "waiting for another writer", "copying", "comparing", "publishing", "fetching" };

/* ---- How far it is ---- */

/* Of a directory and those below it; names that cannot be read count for nothing. */
static int64_t files_count(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int64_t count = 0;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((entry = readdir(directory)))
		if (entry->d_type != DT_DIR)
			count++;
		else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count += files_count(fd, entry->d_name);
	closedir(directory);
	return count;
}

/* Bytes that the process has moved by system calls since it began; 0: not known. */
static int64_t bytes_moved(pid_t process, bool is_read)
{
	char path[64], line[128];
	int64_t moved = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/io", process);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, is_read ? "rchar: %" SCNd64 : "wchar: %" SCNd64, &moved);
	if (file)
		fclose(file);
	return moved;
}

static void amount_add(char *text, size_t size, const struct announcement *now, int64_t bytes, int64_t elapsed_ms)
{
	size_t used = 0;
	char moved[32], rate[32];

	if (*now->directory)
		used = (size_t)snprintf(text, size, ": %" PRId64 " files", files_count(AT_FDCWD, now->directory));
	if (bytes <= 0 || elapsed_ms <= 0)
		return;
	report_size(moved, bytes);
	report_size(rate, bytes * 1000 / elapsed_ms);
	snprintf(text + used, size - used, "%s %s, %s/s", used ? "," : ":", moved, rate);
}

static void phase_show(const struct announcement *now, int64_t bytes, int64_t elapsed_ms)
{
	char what[64], amount[128] = "";

	snprintf(what, sizeof(what), "%s", texts[now->phase]);
	if (now->count)
		snprintf(what, sizeof(what), "%s %zu secret%s", texts[now->phase], now->count, now->count == 1 ? "" : "s");
	amount_add(amount, sizeof(amount), now, bytes, elapsed_ms);
	dprintf(STDERR_FILENO, "\r%s: %s, %" PRId64 " s%s\033[K", report_name(), what, elapsed_ms / 1000, amount);
}

/* ---- The child ---- */

/* Shows the phase until the next one comes, which is stored and answered when the line is gone. -1: no other comes. */
static int phase_follow(const struct follower *follower, struct announcement *now)
{
	bool is_moving = now->phase == PROGRESS_COPYING || now->phase == PROGRESS_COMPARING, is_shown = false;
	bool is_read = now->phase == PROGRESS_COMPARING;
	int64_t since_ms = clock_ms(), before = is_moving ? bytes_moved(follower->process, is_read) : 0;
	struct pollfd polled = { .fd = follower->ends[1], .events = POLLIN };

	while (poll(&polled, 1, now->phase == PROGRESS_NONE ? -1 : SHOW_EACH_MS) == 0) {
		phase_show(now, is_moving ? bytes_moved(follower->process, is_read) - before : 0, clock_ms() - since_ms);
		is_shown = true;
	}
	if (is_shown)
		dprintf(STDERR_FILENO, "\r\033[K");
	if (recv(polled.fd, now, sizeof(*now), 0) != (ssize_t)sizeof(*now))
		return -1;
	return send(polled.fd, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* Until the other end is closed, which our death does too. */
static int progress_follow(void *context)
{
	const struct follower *follower = context;
	struct announcement now = { .phase = PROGRESS_NONE };

	signals_ignore();
	close(follower->ends[0]);
	while (phase_follow(follower, &now) == 0)
		;
	return 0;
}

/* ---- The process ---- */

void progress_start(struct progress *progress, const struct options *options)
{
	struct follower follower = { .process = getpid() };
	const struct launch launch = { .run = progress_follow, .context = &follower, .timeout_ms = -1 };

	*progress = (struct progress){ .fd = -1 };
	if (options->verbosity < 0 || !isatty(STDERR_FILENO) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, follower.ends) < 0)
		return;
	progress->fd = follower.ends[0];
	if (child_start(&progress->child, &launch, NULL) < 0)
		close_fd(&progress->fd);
	close(follower.ends[1]);
}

static void progress_announce(const struct progress *progress, const struct announcement *announcement)
{
	char answer;

	if (progress && progress->fd >= 0 && send(progress->fd, announcement, sizeof(*announcement), MSG_NOSIGNAL) > 0)
		while (read(progress->fd, &answer, 1) < 0 && errno == EINTR)
			;
}

void progress_set(const struct progress *progress, enum progress_phase phase)
{
	progress_set_count(progress, phase, 0);
}

void progress_set_count(const struct progress *progress, enum progress_phase phase, size_t count)
{
	const struct announcement announcement = { .phase = phase, .count = count };

	progress_announce(progress, &announcement);
}

void progress_set_filling(const struct progress *progress, enum progress_phase phase, const char *directory)
{
	struct announcement announcement = { .phase = phase };

	snprintf(announcement.directory, sizeof(announcement.directory), "%s", directory);
	progress_announce(progress, &announcement);
}

void progress_end(struct progress *progress)
{
	if (progress->fd < 0)
		return;
	close_fd(&progress->fd);
	child_wait(&progress->child);
}
