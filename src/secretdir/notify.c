/* SPDX-License-Identifier: ISC */
#include "secretdir/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

static int notify_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(path);
	cleanup_fd int fd = -1;

	if ((*path != '/' && *path != '@') || size >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, size);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) < 0)
		return -1;
	return take_fd(&fd);
}

/* Twice in the time that systemd gives; -1: the watchdog is off, or is meant for another process. */
static int64_t notify_watchdog(void)
{
	const char *microseconds = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long value = microseconds ? strtoll(microseconds, NULL, 10) : 0;

	if (value <= 0 || (pid && strtol(pid, NULL, 10) != getpid()))
		return -1;
	return value / 2000 ? value / 2000 : 1;
}

void notify_open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");

	*notify = (struct notify){ .fd = path ? notify_connect(path) : -1, .watchdog_ms = notify_watchdog() };
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_send(const struct notify *notify, const char *format, ...)
{
	char text[1200];
	va_list arguments;
	int size;

	if (notify->fd < 0)
		return;
	va_start(arguments, format);
	size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (size >= (int)sizeof(text))
		size = (int)sizeof(text) - 1;
	send(notify->fd, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
}
