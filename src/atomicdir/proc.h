/* SPDX-License-Identifier: ISC
 *
 * The processes that /proc shows.
 */
#ifndef ATOMICDIR_PROC_H
#define ATOMICDIR_PROC_H

/* Calls `examine` for each process but this one. */
void proc_each(void (*examine)(int pid, void *context), void *context);
/* The name of what the process runs; "?" where it has ended. */
void proc_read_name(int pid, char name[static 64]);

#endif
