/* SPDX-License-Identifier: ISC
 *
 * The processes that /proc shows.
 */
#ifndef ATOMICDIR_PROC_H
#define ATOMICDIR_PROC_H

#define PROC_COMMAND_SIZE 320

/* Calls `examine` for each process but this one. */
void proc_each(void (*examine)(int pid, void *context), void *context);
/* The name of what the process runs; "?" where it has ended. */
void proc_read_name(int pid, char name[static 64]);
/* A command that makes the process read its files again: by its unit of systemd; by SIGHUP if it handles that, which ends others. Where
 * neither is so, one that shows what the process is. */
void proc_reload_command(int pid, char command[static PROC_COMMAND_SIZE]);

#endif
