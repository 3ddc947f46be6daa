/* SPDX-License-Identifier: ISC */
#include "command/holders.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

static int holder_add(struct buffer *text, int pid)
{
	char path[64], name[64] = "";
	cleanup(close_stream) FILE *stream = NULL;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	stream = fopen(path, "re");
	/* It may have ended meanwhile, or the descriptor may have passed on to a child: then only the number is known. */
	if (!stream || !fgets(name, sizeof(name), stream))
		return buffer_printf(text, "%s%d", text->size ? ", " : "", pid);
	name[strcspn(name, "\n")] = '\0';
	text_sanitise(name);
	return buffer_printf(text, "%s%d (%s)", text->size ? ", " : "", pid, name);
}

int holders_add(struct buffer *text, const char *path)
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
		    holder_add(text, pid) < 0)
			return -1;
	}
	return 0;
}
