/* SPDX-License-Identifier: ISC */
#include "command/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "process/signals.h"

#define SHOW_AFTER_S 1

static void phase_show(int phase, int64_t seconds)
{
	static const char *const texts[] = { NULL, "waiting for another writer", "copying", "comparing", "publishing" };

	if (texts[phase] && seconds >= SHOW_AFTER_S)
		dprintf(STDERR_FILENO, "\ratomicdir: %s, %" PRId64 " s\033[K", texts[phase], seconds);
}

/* Shows the phase until the next one comes, which is returned and answered when the line is gone. -1: no other comes. */
static int phase_follow(int fd, int phase)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	int64_t since_ms = clock_ms();
	bool is_shown = false;
	unsigned char next;

	while (poll(&polled, 1, phase == PROGRESS_NONE ? -1 : 250) == 0) {
		int64_t seconds = (clock_ms() - since_ms) / 1000;

		phase_show(phase, seconds);
		is_shown = is_shown || seconds >= SHOW_AFTER_S;
	}
	if (is_shown)
		dprintf(STDERR_FILENO, "\r\033[K");
	return read(fd, &next, 1) == 1 && write(fd, &next, 1) == 1 ? next : -1;
}

/* The child: until the other end is closed, which our death does too. */
static int progress_follow(void *context)
{
	const int *ends = context;
	int phase = PROGRESS_NONE;

	signals_ignore();
	close(ends[0]);
	while (phase >= 0)
		phase = phase_follow(ends[1], phase);
	return 0;
}

void progress_start(struct progress *progress, const struct options *options)
{
	int ends[2];
	const struct launch launch = { .run = progress_follow, .context = ends, .timeout_ms = -1 };

	*progress = (struct progress){ .fd = -1 };
	if (options->verbosity < 0 || !isatty(STDERR_FILENO) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	progress->fd = ends[0];
	if (child_start(&progress->child, &launch, NULL) < 0)
		close_fd(&progress->fd);
	close(ends[1]);
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
	child_wait(&progress->child);
}
