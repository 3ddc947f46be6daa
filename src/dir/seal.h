/* SPDX-License-Identifier: ISC
 *
 * A tree made ready to be published: what cannot be is refused before anything is changed, then owners and modes are made final.
 */
#ifndef DIR_SEAL_H
#define DIR_SEAL_H

#include "dir/tree.h"

struct seal_rules {
	uid_t uid; /* -1: as made */
	gid_t gid;
	mode_t file_mode; /* 0: as made */
	mode_t dir_mode;
	mode_t top_mode; /* set last: until then nobody else comes in */
};

int tree_seal(int top_fd, const struct seal_rules *rules, struct tree_count *count, struct atomicdir_error *error);

#endif
