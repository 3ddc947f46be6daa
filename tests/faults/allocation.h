/* SPDX-License-Identifier: ISC
 *
 * What allocation.so and who counts on it share, in a mapped file: FAULTS_ALLOCATION=FILE:PROGRAM, the only program that it is
 * for. Who is linked with allocation.c has it in its own memory.
 */
#ifndef ALLOCATION_H
#define ALLOCATION_H

struct allocation {
	long fail_at; /* from 1; 0: none */
	long count;   /* so many were asked for */
	long held;    /* and so many are not given back */
};

extern struct allocation *allocation;

#endif
