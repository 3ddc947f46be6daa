/* SPDX-License-Identifier: ISC
 *
 * Symlinks in a tree that is to be published: where they lead, judged by what they reach (device and inode), not by their text. This
 * guards against mistakes, above all against a tree that remembers an older place; it is no wall against whoever fills the stage.
 */
#ifndef DIR_LINKS_H
#define DIR_LINKS_H

#include "dir/place.h"
#include "dir/tree.h"

/* What a relative symlink may do that leaves the tree. */
enum links_leaving {
	LINKS_MAY_LEAVE, /* it was made for this place */
	LINKS_MUST_STAY, /* it was made for another place: refused */
	LINKS_MUST_AGREE /* likewise, but kept where it leads to the same as there */
};

struct links {
	const struct place *place;
	int top_fd; /* the tree's */
	enum links_leaving leaving;
	int from_fd;		 /* the directory that the tree was copied from; -1: none */
	int64_t carried_to;	 /* the tree's number, if files were carried into it from an older generation; else 0 */
	struct links_id *others; /* of the other generations, found when the first link leaves */
	size_t others_count;
	bool has_others;
};
void links_clear(struct links *links);

/* Refuses a symlink that leads into the store but not into this tree, to itself, or where links->leaving forbids. */
int links_check(struct links *links, const struct walk_entry *entry, struct atomicdir_error *error);

/* Likewise a script that was carried, and whose interpreter lies in an older generation. */
int links_check_script(const struct links *links, const struct walk_entry *entry, struct atomicdir_error *error);

/* A text that leads into generation `from` by its own place there, at `depth` (1: an entry of the top), is changed to lead into `to`
 * likewise. Both have as many digits, or it stays. */
void links_move(const struct place *place, char *text, int depth, int64_t from, int64_t to);

#endif
