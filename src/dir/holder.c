/* SPDX-License-Identifier: ISC */
#include "dir/holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static void holder_close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

static void holder_close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* The start of a small file of proc(5), as text. */
static bool holder_read(const char *path, char *text, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read_all(fd, text, size - 1);

	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* The process that took the lock; 0: not known. That process may have ended, if a child has inherited the lock
 * (proc_locks(5)). */
static pid_t holder_in_locks(const struct stat *file)
{
	cleanup(holder_close_stream) FILE *stream = fopen("/proc/locks", "re");
	char line[256];

	while (stream && fgets(line, sizeof(line), stream)) {
		unsigned device_major, device_minor;
		unsigned long inode;
		int pid;

		if (sscanf(line, "%*s FLOCK %*s WRITE %d %x:%x:%lu", &pid, &device_major, &device_minor, &inode) == 4 &&
		    inode == file->st_ino && makedev(device_major, device_minor) == file->st_dev)
			return pid > 0 ? pid : 0;
	}
	return 0;
}

/* Whether the process has the file open, and locked through that descriptor; then *since is that one's offset. -1: we may not look into
 * that process. */
static int holder_has_lock(pid_t pid, const struct stat *file, int64_t *since)
{
	char path[64], text[1024];
	cleanup(holder_close_directory) DIR *directory = NULL;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return -1;
	while ((entry = readdir(directory))) {
		struct stat status;

		if (fstatat(dirfd(directory), entry->d_name, &status, 0) < 0 || status.st_dev != file->st_dev ||
		    status.st_ino != file->st_ino)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", (int)pid, entry->d_name);
		if (!holder_read(path, text, sizeof(text)) || !strstr(text, "FLOCK"))
			continue;
		if (sscanf(text, "pos: %" SCNd64, since) != 1)
			*since = 0;
		return 1;
	}
	return 0;
}

static pid_t holder_search(const struct stat *file, int64_t *since)
{
	cleanup(holder_close_directory) DIR *processes = opendir("/proc");
	const struct dirent *entry;

	while (processes && (entry = readdir(processes))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && holder_has_lock(pid, file, since) == 1)
			return pid;
	}
	return 0;
}

static bool holder_name(struct holder *holder, pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (!holder_read(path, holder->command, sizeof(holder->command)))
		return false;
	holder->command[strcspn(holder->command, "\n")] = '\0';
	holder->pid = pid;
	return true;
}

void holder_find(struct holder *holder, int fd)
{
	struct stat file;
	pid_t pid;

	*holder = (struct holder){ 0 };
	if (fstat(fd, &file) < 0)
		return;
	pid = holder_in_locks(&file);
	if (pid && holder_has_lock(pid, &file, &holder->since) != 0 && holder_name(holder, pid))
		return;
	pid = holder_search(&file, &holder->since);
	if (pid)
		holder_name(holder, pid);
}
