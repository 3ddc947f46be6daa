/* SPDX-License-Identifier: ISC
 *
 * The stage: a generation that is not published yet. FILLING until it is sealed, SEALED until more is changed through it, ENDED
 * when it was published, found unchanged, or given up; then nothing of it is left to undo. A stage that is freed before that
 * removes its directory.
 */
#ifndef DIR_STAGE_H
#define DIR_STAGE_H

#include "dir/tree.h"
#include "dir/writer.h"

enum stage_state { STAGE_FILLING, STAGE_SEALED, STAGE_ENDED };

struct stage_mode {
	char *path;
	mode_t mode;
};

struct atomicdir_stage {
	struct writer writer;
	enum stage_state state;
	int64_t number;
	int fd; /* opened before anything was written: syncfs(2) reports through it */
	char *path;
	char *note;
	struct stage_mode *modes; /* of directories, to be set when sealing; parents come before what is in them */
	size_t mode_count;
	char *recent_path; /* the directory that was used last */
	int recent_fd;
	mode_t top_mode;
	struct tree_count count;
	bool is_different;
	int errnum; /* why filling it failed: where that was for room, its end makes some */
};

/* Makes the stage's directory; the writer has begun and goes over to the stage. NULL: it has ended. */
struct atomicdir_stage *stage_new(struct writer *writer, struct atomicdir_error *error);
int stage_apply_modes(struct atomicdir_stage *stage, struct atomicdir_error *error);

#endif
