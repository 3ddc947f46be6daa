/* SPDX-License-Identifier: ISC
 *
 * What allocation.so and who loads it share, in a mapped file: FAULTS_ALLOCATION=FILE:PROGRAM, the only program that it is for.
 */
#ifndef ALLOCATION_H
#define ALLOCATION_H

struct allocation {
	long fail_at;            /* from 1; 0: none */
	long count;              /* so many were asked for */
	long held;               /* and so many are not given back */
};

#endif
