/* SPDX-License-Identifier: ISC */
#include "command/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SHOW_AFTER_S 1

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void show(unsigned char phase, long seconds)
{
	static const char *const texts[] = { NULL, "waiting for another writer", "copying", "comparing", "publishing" };

	if (phase < sizeof(texts) / sizeof(*texts) && texts[phase] && seconds >= SHOW_AFTER_S)
		dprintf(STDERR_FILENO, "\ratomicdir: %s, %ld s\033[K", texts[phase], seconds);
}

/* The child: until the other end is closed, which a death of ours does too. */
static void follow(int fd)
{
	unsigned char phase = PROGRESS_NONE, next;
	time_t since = now_s();
	bool is_shown = false;

	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int ready = poll(&wait, 1, phase == PROGRESS_NONE ? -1 : 250);

		if (ready == 0) {
			show(phase, (long)(now_s() - since));
			is_shown = is_shown || now_s() - since >= SHOW_AFTER_S;
			continue;
		}
		if (is_shown)
			dprintf(STDERR_FILENO, "\r\033[K");
		is_shown = false;
		if (read(fd, &next, 1) != 1)
			_exit(0);
		phase = next;
		since = now_s();
		if (write(fd, &next, 1) != 1)
			_exit(0);
	}
}

void progress_start(struct progress *progress, const struct options *options)
{
	int ends[2];

	*progress = (struct progress){ -1, -1 };
	if (options->verbosity < 0 || !isatty(STDERR_FILENO) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	progress->pid = fork();
	if (progress->pid == 0) {
		close(ends[0]);
		/* A ^C is ours to answer. */
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		signal(SIGTTOU, SIG_IGN);
		follow(ends[1]);
	}
	close(ends[1]);
	progress->fd = progress->pid < 0 ? -1 : ends[0];
	if (progress->pid < 0)
		close(ends[0]);
}

void progress_set(const struct progress *progress, enum progress_phase phase)
{
	unsigned char byte = (unsigned char)phase;

	if (progress->fd >= 0 && send(progress->fd, &byte, 1, MSG_NOSIGNAL) == 1)
		while (read(progress->fd, &byte, 1) < 0 && errno == EINTR)
			;
}

void progress_end(struct progress *progress)
{
	if (progress->fd < 0)
		return;
	close_fd(&progress->fd);
	while (waitpid(progress->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
