/* SPDX-License-Identifier: ISC
 *
 * The stage: a generation that is not published yet. It is ENDED before it is begun, and after it was published, found unchanged,
 * or given up. In between it is FILLING until it is sealed, and SEALED until more is changed through it. In these two states it
 * either has a directory, which freeing it removes, or it is held (`fd` is -1): its entries are in the list `held`, each the same as
 * the live generation's, and nothing is on disk. One that is SEALED and held is unchanged. The stage owns its writer, and with it
 * the lock.
 */
#ifndef DIR_STAGE_H
#define DIR_STAGE_H

#include "base/buffer.h"
#include "dir/carried.h"
#include "dir/held.h"
#include "dir/seal.h"
#include "dir/writer.h"

enum stage_state { STAGE_ENDED, STAGE_FILLING, STAGE_SEALED };

struct atomicdir_stage {
	struct writer writer;
	enum stage_state state;
	bool is_fill;		 /* else an adoption */
	const struct swap *swap; /* an adoption's own; NULL: the layout's */
	bool is_waiting;	 /* ENDED by a commit with HOOK_LOCKED or leave_old: it has the lock, and has pruned nothing */
	bool is_undone;		 /* waiting, and cannot be undone again */
	struct held held;
	bool is_matched; /* held: all that is live is what it would hold (atomicdir_matches()), and nothing may be added */
	int64_t number;	 /* `number`, `fd` and `path` are the directory's; 0, -1 and NULL while there is none */
	int fd;		 /* opened before anything was written: syncfs(2) reports through it */
	char *path;	 /* absolute */
	struct buffer note;
	bool has_note;
	struct seal_modes directories; /* whose modes are set when the stage is sealed */
	char *recent_path;	       /* with recent_fd: the directory in which the last entry was made */
	int recent_fd;
	struct top top;
	bool is_given; /* root works in another user's store: what it makes is given to that user */
	/* What is in the directory as far as put.c made it. Once others have made something there, only a walk tells that. */
	bool is_shared;
	struct tree_count known;
	bool has_links;			  /* symlinks are judged when the stage is sealed */
	bool is_known_different;	  /* one of the entries is not the live generation's */
	enum links_leaving links_leaving; /* what relative symlinks may do */
	int from_fd;			  /* the directory that the whole stage was copied from; -1: none */
	volatile int stop;		  /* not 0: the caller wants to stop */
	bool is_carried;		  /* files of the live generation were carried into it */
	/* With carry_generations: what came along from older generations, once has_carried says so, and which of the live one's entries
	 * came along there. */
	struct carried carried, live_carried;
	bool has_carried, has_live_carried;
	bool is_own_unchanged; /* once it is sealed: what is not carried is the same as in the live one, and what that carries stays */
	size_t lost_attributes;	 /* attributes of copied files that the file system cannot hold */
	struct tree_count count; /* once it is sealed */
	bool is_different;	 /* once it is sealed: from the live generation */
};

/* Allocates a stage that is ENDED, and whose writer has not begun (begin.h). NULL: no memory. */
struct atomicdir_stage *stage_new(struct atomicdir_error *error);
/* Step 6: makes the directory. */
int stage_make(struct atomicdir_stage *stage, struct atomicdir_error *error);
static inline bool stage_is_held(const struct atomicdir_stage *stage)
{
	return stage->state != STAGE_ENDED && stage->fd < 0;
}
/* -1 with EINTR: the caller wants to stop. */
int stage_check_stop(const struct atomicdir_stage *stage, struct atomicdir_error *error);
/* Makes the directory of a held stage, and writes its entries there. For others it does nothing. After a failure the stage is held
 * as before. */
int stage_write_held(struct atomicdir_stage *stage, struct atomicdir_error *error);
/* The same, and from here on others than put.c may make, change and remove things in the directory. */
int stage_share(struct atomicdir_stage *stage, struct atomicdir_error *error);
/* Removes the directory, if it was not published. */
void stage_end(struct atomicdir_stage *stage);
/* Copies a directory: its content, owner, mode, attributes and time. */
int stage_copy_directory(struct atomicdir_stage *stage, int from_fd, struct copy_rules *rules, struct atomicdir_error *error);
/* Closes recent_fd, before the stage is sealed or removed. */
void stage_forget_recent(struct atomicdir_stage *stage);

/* Steps 7 to 13; with ATOMICDIR_HOOK_LOCKED to 12. */
enum outcome stage_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error);

#endif
