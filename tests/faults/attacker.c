/* SPDX-License-Identifier: ISC
 *
 * attacker WHAT PARENT OUTSIDE: swaps directories of PARENT with symlinks to OUTSIDE, and back, as fast as it can, until it is ended.
 * WHAT: `inside`, the directory open/d of every generation and stage in the store, PARENT/.app.atomicdir or, of a volume,
 * PARENT/app/..atomicdir; or what is swapped itself: .app.atomicdir, app/..atomicdir, source.
 */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static const char *outside;

static void swap(const char *directory, const char *name)
{
	char path[PATH_MAX], lure[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(lure, sizeof(lure), "%s/lure-%s", directory, name);
	if (symlink(outside, lure) < 0 && access(path, F_OK) < 0)
		return;
	/* There and back, in the time of a few system calls of who is attacked. */
	renameat2(-1, path, -1, lure, RENAME_EXCHANGE);
	usleep(20);
	renameat2(-1, path, -1, lure, RENAME_EXCHANGE);
	usleep(20);
}

static void swap_inside(const char *parent)
{
	char store[PATH_MAX / 2], path[PATH_MAX];
	const struct dirent *entry;
	DIR *directory;

	snprintf(store, sizeof(store), "%s/app/..atomicdir", parent);
	if (access(store, F_OK) < 0)
		snprintf(store, sizeof(store), "%s/.app.atomicdir", parent);
	directory = opendir(store);
	while (directory && (entry = readdir(directory)))
		if (strspn(entry->d_name, "0123456789") == 6 && !entry->d_name[6]) {
			snprintf(path, sizeof(path), "%s/%s/open", store, entry->d_name);
			swap(path, "d");
		}
	if (directory)
		closedir(directory);
}

int main(int argc, char **argv)
{
	char directory[PATH_MAX / 2];
	const char *slash;

	if (argc != 4)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	outside = argv[3];
	slash = strrchr(argv[1], '/');
	snprintf(directory, sizeof(directory), "%s/%.*s", argv[2], slash ? (int)(slash - argv[1]) : 0, argv[1]);
	for (;;) {
		if (strcmp(argv[1], "inside") == 0)
			swap_inside(argv[2]);
		else
			swap(directory, slash ? slash + 1 : argv[1]);
	}
}
