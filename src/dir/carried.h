/* SPDX-License-Identifier: ISC
 *
 * `N.carried`: the entries of generation N that are not its own but came along from generations before it, each with its age: 1 if the
 * one just before had it itself, 2 if the one before that had. So a file comes along for as many publications as were asked for and
 * no more, also where the generation that it comes from is kept no longer. The paths are only ever compared with others, never
 * opened. Each record is "AGE PATH" and a NUL.
 */
#ifndef DIR_CARRIED_H
#define DIR_CARRIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct carried_entry {
	char *path; /* on the heap */
	int64_t age;
};
/* Sorted by path, except while entries are added. */
struct carried {
	struct carried_entry *list;
	size_t count;
};
void carried_clear(struct carried *carried);
#define cleanup_carried cleanup(carried_clear)

/* Adds an entry; carried_sort() must follow before anything is looked up. -1: no memory. */
int carried_add(struct carried *carried, const char *path, int64_t age);
void carried_sort(struct carried *carried);
/* 0: it was not carried. */
int64_t carried_age(const struct carried *carried, const char *path);
bool carried_is_same(const struct carried *a, const struct carried *b);
/* Whether a generation with `live` needs no change where its own content is published once more: it has nothing that is older than
 * `age_max`, and lacks nothing that is `wanted`. */
bool carried_covers(const struct carried *live, const struct carried *wanted, int64_t age_max);

/* Reads `N.carried`; none is an empty one. Of a damaged one as much as can be parsed is used: the rest then counts as the generation's
 * own. -1 with errno. */
int carried_read(int store_fd, int64_t number, struct carried *carried);
/* Appends what the file holds. -1: no memory. */
int carried_print(const struct carried *carried, struct buffer *text);

#endif
