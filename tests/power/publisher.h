/* SPDX-License-Identifier: ISC
 *
 * One run of the command, stopped just before its n-th system call that changes something.
 */
#ifndef POWER_PUBLISHER_H
#define POWER_PUBLISHER_H

#include <stdbool.h>

struct interference {
	int at;		/* the call, counted from 1; 0: none */
	int sync_fd;	/* the file system of this descriptor is synced just before the call; -1: no */
	bool is_killed; /* instead of the call */
};

/* Runs argv in `directory`, with standard output to the file `output`. Gives the exit status, 137 where it was killed; -1: it could
 * not be run. *calls: how many such calls it began. */
int publisher_run(char *const argv[], const char *directory, const char *output, const struct interference *interference,
		  int *calls);

#endif
