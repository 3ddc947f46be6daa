/* SPDX-License-Identifier: ISC
 *
 * What copies of other directories' files will be once they are copied and sealed, compared with the live generation's.
 */
#ifndef DIR_MATCHES_H
#define DIR_MATCHES_H

#include "dir/compare.h"
#include "dir/links.h"
#include "dir/stage.h"

struct matching {
	const struct atomicdir_stage *stage;
	struct links links;
};

/* With link_unchanged: makes a hard link to the live file in place of a copy that would be the same. */
struct linker {
	struct atomicdir_stage *stage;
	const char *path; /* of what is copied, in the stage */
	struct matching matching;
	struct compare how;
	struct comparison *comparison;
	struct copy_links links; /* for copy_rules */
};
/* NULL: nothing is to be linked here, or there is no memory for it. `path` must stay until linker_end(). */
const struct copy_links *linker_begin(struct linker *linker, struct atomicdir_stage *stage, const char *path);
void linker_end(struct linker *linker);
#define cleanup_linker cleanup(linker_end)

#endif
