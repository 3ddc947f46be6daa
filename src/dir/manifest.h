/* SPDX-License-Identifier: ISC
 *
 * The names of a generation's entries, each with its type: `N.files`, which a layout keeps whose entries lie in a directory where others
 * have theirs. A field (base/field.h) for each entry, sorted by path: "file", "symlink" or "directory", and its path. Before a
 * directory its "mode" stands, in octal. A manifest is owned by the caller, and is sorted unless something was just added.
 */
#ifndef DIR_MANIFEST_H
#define DIR_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "dir/place.h"

struct manifest_entry {
	mode_t mode; /* the type; of a directory the mode, too */
	char *path;
};
struct manifest {
	struct manifest_entry *entries;
	size_t count;
};

void manifest_clear(struct manifest *manifest);
#define cleanup_manifest cleanup(manifest_clear)

/* Whether it has an entry of this path and type. */
bool manifest_has(const struct manifest *manifest, const char *path, mode_t mode);
/* Whether it has an entry of this path, of any type. */
bool manifest_names(const struct manifest *manifest, const char *path);
/* Adds those entries of `from` whose path it does not have, and that `is_wanted` accepts (NULL: all). -1 with errno. */
int manifest_merge(struct manifest *manifest, const struct manifest *from,
		   bool (*is_wanted)(void *arg, const struct manifest_entry *entry), void *arg);

/* All that lies below a directory of ours. */
int manifest_gather(struct manifest *manifest, int top_fd, struct atomicdir_error *error);
/* That of generation `number`; empty where there is none. -1 with errno: EBADMSG where it is damaged. */
int manifest_read(const struct place *place, int64_t number, struct manifest *manifest);
/* -1 with errno. */
int manifest_write(const struct place *place, int64_t number, const struct manifest *manifest);

#endif
