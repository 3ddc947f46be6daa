/* SPDX-License-Identifier: ISC
 *
 * The ways of filling a directory that are compared. Each is given an absolute directory to work in, fills "live" in it with
 * `count` files whose bytes depend on `seed`, and ends the process on an error. Run in a process of its own, so that its peak
 * memory can be told.
 */
#ifndef BENCH_WAYS_H
#define BENCH_WAYS_H

#include <stdbool.h>

enum { FILE_SIZE = 4096 };

struct job {
	const char *directory;
	int count;
	int seed;
	bool is_durable;
};

struct way {
	const char *name;
	void (*prepare)(const struct job *job); /* not timed; may be NULL */
	void (*fill)(const struct job *job);
};

extern const struct way ways[];
extern const int way_count; /* the first is the floor, to which the others are compared */

#endif
