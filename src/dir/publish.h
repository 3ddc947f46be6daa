/* SPDX-License-Identifier: ISC
 *
 * Steps 8 to 12 of a publication, for a generation that is sealed: a new one, or one that was published before (a rollback).
 */
#ifndef DIR_PUBLISH_H
#define DIR_PUBLISH_H

#include "base/buffer.h"
#include "dir/info.h"
#include "dir/layout.h"
#include "dir/tree.h"
#include "dir/writer.h"

struct publication {
	const struct swap *swap; /* how the name comes to lead to it */
	int64_t number;
	int fd;			  /* its directory; for syncfs(2) opened before it was filled */
	struct info *known;	  /* it was published before: what is known of it, which stays, and is taken; NULL: a new one */
	bool is_fill;		  /* what it is told to keep is remembered for later calls */
	struct tree_count count;  /* of a new one */
	const volatile int *stop; /* not 0: it is not published, unless the swap has begun; NULL: it is */
	const struct buffer *note; /* NULL: none */
};

/* After PUBLISHED and IN_DOUBT writer->live and writer->info are the new generation's, unless LINK cannot be read any more. After
 * NOT_PUBLISHED what steps 8 and 9 made is undone; the generation itself stays the caller's. */
enum outcome publish(struct writer *writer, const struct publication *publication, struct atomicdir_error *error);

/* After an unchanged fill its keep, its grace and its note (NULL: none) are the live generation's. */
void publish_facts(struct writer *writer, const struct buffer *note);

#endif
