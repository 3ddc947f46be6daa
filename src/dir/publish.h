/* SPDX-License-Identifier: ISC
 *
 * Steps 8 to 12 of a publication, for a generation that is sealed: a new one, or one that was published before (a rollback).
 */
#ifndef DIR_PUBLISH_H
#define DIR_PUBLISH_H

#include "base/buffer.h"
#include "dir/carried.h"
#include "dir/info.h"
#include "dir/layout.h"
#include "dir/tree.h"
#include "dir/writer.h"

struct publication {
	const struct swap *swap; /* how LINK is made to lead to it */
	int64_t number;
	int fd;			   /* its directory, opened before it was filled (sync_filesystem()) */
	struct info *known;	   /* of one that was published before: its info, which publish() takes over; NULL: a new one */
	bool is_fill;		   /* its keep and grace are recorded for later calls */
	struct tree_count count;   /* of a new one */
	const volatile int *stop;  /* if this is not 0 just before the swap, nothing is published; may be NULL */
	const struct buffer *note; /* NULL: none */
	const struct carried *carried; /* what came along from older generations; NULL: nothing, or it was published before */
};

/* After PUBLISHED writer->live and writer->info are the new generation's; after IN_DOUBT too, unless LINK could not be read
 * after the swap. After NOT_PUBLISHED the files that step 8 wrote are removed again; the generation's directory is left to the
 * caller. */
enum outcome publish(struct writer *writer, const struct publication *publication, struct atomicdir_error *error);

/* After an unchanged fill: records its keep, its grace, its note (NULL: none), and what came along (NULL: as it was) with the live
 * generation. */
void publish_facts(struct writer *writer, const struct buffer *note, const struct carried *carried);

#endif
