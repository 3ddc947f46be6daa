/* SPDX-License-Identifier: ISC */
#include "command/holders.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

void holders_clear(struct holders *holders)
{
	free_pointer(&holders->items);
	holders->count = 0;
}

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

/* It may have ended meanwhile, or the descriptor may have passed on to a child: then only the number is known. */
static void holder_read_command(struct holder *holder)
{
	char path[64];
	cleanup(close_stream) FILE *stream = NULL;

	snprintf(path, sizeof(path), "/proc/%d/comm", holder->pid);
	stream = fopen(path, "re");
	if (!stream || !fgets(holder->command, sizeof(holder->command), stream))
		return;
	holder->command[strcspn(holder->command, "\n")] = '\0';
	text_sanitise(holder->command);
}

static int holder_add(struct holders *holders, int pid)
{
	struct holder *added = array_add(&holders->items, &holders->count, sizeof(*added));

	if (!added)
		return -1;
	added->pid = pid;
	holder_read_command(added);
	return 0;
}

int holders_find(struct holders *holders, const char *path)
{
	cleanup(close_stream) FILE *stream = fopen("/proc/locks", "re");
	char line[256];
	struct stat status;

	if (!stream || stat(path, &status) < 0)
		return 0;
	while (fgets(line, sizeof(line), stream)) {
		unsigned device_major, device_minor;
		unsigned long inode;
		int pid;

		/* proc_locks(5): "1: FLOCK ADVISORY READ 1234 fd:00:2531452 0 EOF" */
		if (sscanf(line, "%*s FLOCK %*s READ %d %x:%x:%lu", &pid, &device_major, &device_minor, &inode) == 4 &&
		    pid > 0 && inode == status.st_ino && makedev(device_major, device_minor) == status.st_dev &&
		    holder_add(holders, pid) < 0)
			return -1;
	}
	return 0;
}
