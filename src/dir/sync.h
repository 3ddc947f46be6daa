/* SPDX-License-Identifier: ISC
 *
 * The barriers. A failed one is an error and never tried again: the kernel reports a write error once, and what was not
 * written is gone (fsync(2)).
 */
#ifndef DIR_SYNC_H
#define DIR_SYNC_H

#include <stdbool.h>

#include <atomicdir.h>

struct manifest;

enum sync_way {
	SYNC_WAY_FS,	  /* one syncfs(2) */
	SYNC_WAY_FILES,	  /* fsync(2) of each file and directory, bottom up */
	SYNC_WAY_NONE,	  /* as asked */
	SYNC_WAY_VOLATILE /* tmpfs, ramfs: no disk */
};

/* Whether something is synced this way: a swap that is not synced is as durable as it will be. */
static inline bool sync_way_has_disk(enum sync_way way)
{
	return way == SYNC_WAY_FS || way == SYNC_WAY_FILES;
}

/* `wanted` is an enum atomicdir_sync. Without a wish syncfs(2) is used only where it is known to report write errors. */
enum sync_way sync_way(int fd, int wanted);
/* Calls syncfs(2). `fd` is in the generation and was opened before that was filled, so that every write error since is
 * reported. */
int sync_filesystem(int fd, struct atomicdir_error *error);
int sync_tree(int top_fd, struct atomicdir_error *error);
/* Syncs what the manifest names of a directory: its directories, which hold the names, and the directory itself; with `has_files` the
 * files as well. */
int sync_placed(int top_fd, const struct manifest *placed, bool has_files, struct atomicdir_error *error);
int sync_fd(int fd, const char *what, struct atomicdir_error *error);

#endif
