/* SPDX-License-Identifier: ISC */
#include "process/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"

void terminal_open(struct terminal *terminal)
{
	*terminal = (struct terminal){ .fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), .own = getpgrp() };
	if (terminal->fd >= 0 && tcgetpgrp(terminal->fd) != terminal->own)
		close_fd(&terminal->fd);
}

/* A group in the background that changes this is stopped by SIGTTOU, unless that is blocked. */
void terminal_give(const struct terminal *terminal, pid_t group)
{
	sigset_t stopping, before;

	if (terminal->fd < 0)
		return;
	sigemptyset(&stopping);
	sigaddset(&stopping, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stopping, &before);
	tcsetpgrp(terminal->fd, group);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void terminal_close(struct terminal *terminal)
{
	terminal_give(terminal, terminal->own);
	close_fd(&terminal->fd);
}

int terminal_follow_stop(struct terminal *terminal, pid_t group, int signal)
{
	/* Somebody has stopped this process alone, and will continue it. */
	if (signal == SIGSTOP)
		return 0;
	terminal_close(terminal);
	/* In an orphaned group (no shell could continue us, as in a container) the kernel ignores this signal. */
	raise(signal == SIGTTOU ? SIGTTIN : signal);
	terminal_open(terminal);
	if (terminal->fd < 0 && signal != SIGTSTP)
		return -1;
	terminal_give(terminal, group);
	kill(-group, SIGCONT);
	return 0;
}
