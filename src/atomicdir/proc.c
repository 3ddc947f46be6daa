/* SPDX-License-Identifier: ISC */
#include "atomicdir/proc.h"

#include <dirent.h>
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
