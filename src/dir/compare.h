/* SPDX-License-Identifier: ISC
 *
 * Whether two trees are the same to their readers: bytes, names, types, link texts, modes, owners, ACLs, file
 * capabilities and user attributes; not times. It changes nothing, and waits for nobody.
 */
#ifndef DIR_COMPARE_H
#define DIR_COMPARE_H

#include <stdbool.h>

#include "dir/carried.h"
#include "dir/place.h"
#include "dir/tree.h"

struct manifest;

/* A list of differences. */
struct changes;
struct changes *changes_new(void);
void changes_free(struct changes **changes);
#define cleanup_changes cleanup(changes_free)
/* Returns how many there are, and them in *list, sorted by path, as one block for free(3); NULL if there are none. -1: no
 * memory. */
int changes_take(const struct changes *changes, struct atomicdir_change **list);

struct compare {
	struct changes *changes; /* NULL: the comparison ends at the first difference */
	bool is_exact; /* what cannot be read is an error; else it differs, so that a damaged generation can be replaced */
	const volatile int *stop; /* the comparison ends with EINTR once this is not 0; NULL: it does not */
	/* If both trees are generations of this place: a symlink of `a` into itself equals one of `b` into itself. NULL: they
	 * are not. */
	const struct place *place;
	int64_t a, b;
	bool is_content_only; /* modes, owners and attributes of the two top directories themselves are not compared */
	/* Entries that are left out on each side, with all below them. NULL: none. */
	const struct carried *a_without, *b_without;
	/* What `a_fd` holds beside these is none of it, and its own mode and owner do not count. NULL: all counts. */
	const struct manifest *only;
	/* Changes what an entry of `b` is to what it will be once it is copied and sealed. False: that cannot be known, so it differs. `b` then
	 * belongs to somebody else, whose modes stay. NULL: `b` is sealed, or was published. `name` is "" for the top directory. */
	bool (*expect)(void *arg, int b_dir, const char *name, const char *path, struct tree_entry *b);
	void *arg; /* of expect */
	/* Called for every entry of `b`, also after a difference, as the function of a walk is (tree.h): for a directory after what is in it.
	 * Not together with `expect`. NULL: nobody asks. */
	int (*visit)(void *arg, const struct walk_entry *entry, struct atomicdir_error *error);
	/* The mode that an entry has once it was visited. NULL: visiting changes none. */
	mode_t (*visited_mode)(void *arg, const struct tree_entry *b);
	void *visit_arg;
	/* Called for each regular file that has the same bytes in both; the comparison then goes on to its end. May be NULL. */
	void (*same_file)(int a_dir, int b_dir, const char *name, const struct tree_entry *a, const struct tree_entry *b);
};
/* Compares `a_fd` (-1: an empty tree) with `b_fd`, which belongs to us, so that its modes may be lent. 1: they differ; 0: they
 * do not; -1. */
int tree_compare(const struct compare *compare, int a_fd, int b_fd, struct atomicdir_error *error);
/* The same for the two directories themselves, without what is in them. */
int compare_tops(int a_fd, int b_fd, struct atomicdir_error *error);

/* Compares entries one by one. */
struct comparison;
/* `compare` must stay. NULL: no memory. */
struct comparison *comparison_new(const struct compare *compare);
void comparison_free(struct comparison **comparison);
#define cleanup_comparison cleanup(comparison_free)
/* Two entries of one name, neither of which is a directory. */
struct leaves {
	int a_dir, b_dir;
	const char *name;
	struct tree_entry b; /* looked at by the caller */
	struct tree_entry a; /* the result has what it was before its bytes were read */
};
/* 1: they are the same; 0: they differ; -1 with errno: one cannot be read. */
int compare_leaves(struct comparison *comparison, struct leaves *leaves);

#endif
