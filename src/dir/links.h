/* SPDX-License-Identifier: ISC
 *
 * Refuses symlinks in a tree that would break once it is published: into another generation, or out of a tree that was copied
 * from elsewhere. A symlink is judged by what it reaches (device and inode), not by its text. This protects against mistakes,
 * not against a malicious filler of the stage.
 */
#ifndef DIR_LINKS_H
#define DIR_LINKS_H

#include "dir/place.h"
#include "dir/tree.h"

/* Whether relative symlinks may lead out of the tree. */
enum links_leaving {
	LINKS_MAY_LEAVE, /* yes: the tree was made here */
	LINKS_MUST_STAY, /* no: the tree comes from another place */
	LINKS_MUST_AGREE /* only to what they led to in the place that the tree was copied from */
};

struct links {
	const struct place *place;
	int top_fd; /* the tree's top directory */
	enum links_leaving leaving;
	int from_fd;		 /* the directory that the tree was copied from; -1: none */
	bool is_left;		 /* the tree's content leaves the store when it is published */
	int64_t carried_to;	 /* the tree's number if files of the live generation were carried into it; else 0 */
	struct links_id *others; /* the other generations, looked up when the first symlink leaves the tree */
	size_t others_count;
	bool has_others;
};
void links_clear(struct links *links);

/* Refuses a symlink that leads to itself, into the store outside this tree, or out of the tree where links->leaving forbids
 * it. */
int links_check(struct links *links, const struct walk_entry *entry, struct atomicdir_error *error);

/* Whether the symlink at `path` is known to stay in the tree. */
bool links_stay(int top_fd, const char *path);

/* Refuses a carried script whose interpreter is in an older generation. */
int links_check_script(const struct links *links, const struct walk_entry *entry, struct atomicdir_error *error);

/* `text` is a symlink's, found in generation `from` at `depth` (1: an entry of its top directory). If it leads into `from`,
 * its number is replaced so that it leads into `to`. It stays as it is if the two numbers differ in length. */
void links_move(const struct place *place, char *text, int depth, int64_t from, int64_t to);

#endif
