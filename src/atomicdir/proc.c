/* SPDX-License-Identifier: ISC */
#include "atomicdir/proc.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

void proc_each(void (*examine)(int pid, void *context), void *context)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	while (processes && (entry = readdir(processes))) {
		int pid = atoi(entry->d_name);

		if (pid > 0 && pid != getpid())
			examine(pid, context);
	}
	if (processes)
		closedir(processes);
}

void proc_read_name(int pid, char name[static 64])
{
	char path[32];
	FILE *stream;

	strcpy(name, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	stream = fopen(path, "re");
	if (!stream)
		return;
	if (fgets(name, 64, stream))
		name[strcspn(name, "\n")] = '\0';
	text_sanitise(name);
	fclose(stream);
}

/* ---- Who makes it read its files again ---- */

/* The first line of a file of the process that begins so, without its beginning and its end. */
static bool proc_read_line(int pid, const char *file, const char *beginning, char line[static 256])
{
	size_t size = strlen(beginning);
	bool is_found = false;
	char path[48];
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	stream = fopen(path, "re");
	while (stream && !is_found && fgets(line, 256, stream))
		is_found = strncmp(line, beginning, size) == 0;
	if (stream)
		fclose(stream);
	if (!is_found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	memmove(line, line + size, strlen(line + size) + 1);
	return true;
}

/* A unit of the machine, not of a user's own manager. A name that a shell would not take as one word is left out. */
static bool proc_find_unit(int pid, char line[static 256])
{
	const char *suffix = ".service", *unit, *end;

	if (!proc_read_line(pid, "cgroup", "0::/system.slice/", line))
		return false;
	end = strstr(line, suffix);
	if (!end)
		return false;
	line[end - line + (long)strlen(suffix)] = '\0';
	unit = strrchr(line, '/');
	if (unit)
		memmove(line, unit + 1, strlen(unit));
	return line[strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._:-")] == '\0';
}

static bool proc_handles_hangup(int pid)
{
	char line[256];

	return proc_read_line(pid, "status", "SigCgt:", line) && strtoull(line, NULL, 16) & UINT64_C(1) << (SIGHUP - 1);
}

void proc_reload_command(int pid, char command[static PROC_COMMAND_SIZE])
{
	char unit[256];

	if (proc_find_unit(pid, unit))
		snprintf(command, PROC_COMMAND_SIZE, "systemctl try-reload-or-restart %s", unit);
	else if (proc_handles_hangup(pid))
		snprintf(command, PROC_COMMAND_SIZE, "kill -HUP %d", pid);
	else
		snprintf(command, PROC_COMMAND_SIZE, "ps -o pid,user,lstart,args -p %d", pid);
}
