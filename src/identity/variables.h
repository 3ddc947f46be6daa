/* SPDX-License-Identifier: ISC
 *
 * The environment that secretdir was started with, which it hands to us in a file that is nowhere: our own has no AWS_* in it. Like an
 * environment it is the process's own, read once, at the start.
 */
#ifndef IDENTITY_VARIABLES_H
#define IDENTITY_VARIABLES_H

#include <atomicdir.h>

#include "process/environment.h"

int variables_read(int fd, struct atomicdir_error *error);
void variables_clear(void);

/* NULL where it is not set, or empty. */
const char *variable_text(const char *name);
/* NULL where it is not set; the name is of so many bytes. */
const char *variable_find(const char *name, size_t size);
/* Adds all of them. */
void variables_give(struct environment *environment);

#endif
