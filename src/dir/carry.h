/* SPDX-License-Identifier: ISC
 *
 * What comes along from older generations (the option carry_generations): files and symlinks that the stage lacks, with the
 * directories that they need. The live generation is the first of the older ones; those of its line that are still kept follow. Each
 * gives what it had itself; what it only carried counts for the generation that had it (carried.h).
 */
#ifndef DIR_CARRY_H
#define DIR_CARRY_H

#include "dir/content.h"
#include "dir/stage.h"

/* To be called before each seal. Only the first call does something, so that what is removed after the seal stays away. */
int carry_older(struct atomicdir_stage *stage, struct atomicdir_error *error);
/* Copies the live generation's content into the stage, but with the option only what it had itself. */
int carry_live(struct atomicdir_stage *stage, const struct content *content, struct copy_rules *rules,
	       struct atomicdir_error *error);
/* What the live generation has to record of a stage that is equal to it; NULL: what it says already. */
const struct carried *carry_record(const struct atomicdir_stage *stage);

#endif
