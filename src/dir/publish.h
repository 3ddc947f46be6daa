/* SPDX-License-Identifier: ISC
 *
 * Steps 8 to 13 of a publication, for a sealed generation: new, kept (a rollback), or just taken over (an adoption).
 */
#ifndef DIR_PUBLISH_H
#define DIR_PUBLISH_H

#include "dir/tree.h"
#include "dir/writer.h"

enum publication_kind { PUBLICATION_NEW, PUBLICATION_AGAIN, PUBLICATION_EXCHANGE };

struct publication {
	enum publication_kind kind;
	int64_t number;
	int fd; /* the generation's directory; for syncfs(2) opened before it was filled */
	struct tree_count count;
	const char *note;     /* may be NULL */
	bool is_swap_unknown; /* set where LINK could not be read after the swap: nothing may be deleted */
};

/* 0: published, and writer->live and writer->info are the new one's. -1 with kind NOT_DURABLE: published all the same. Any other
 * failure: what steps 8 and 9 made is undone; the generation itself stays the caller's. */
int publish(struct writer *writer, struct publication *publication, struct atomicdir_error *error);

/* Of what did not change: the last fill's keep and grace, and its note if it has one, are the live generation's. */
void publish_facts(struct writer *writer, const char *note);
/* ENOSPC and EDQUOT: old generations that are not needed any more may make room for the next try. */
void publish_make_room(struct writer *writer, int errnum);

#endif
