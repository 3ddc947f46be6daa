/* SPDX-License-Identifier: ISC
 *
 * The subcommands: each is one file with one function, and gives the exit status.
 */
#ifndef ATOMICDIR_COMMAND_H
#define ATOMICDIR_COMMAND_H

#include "command/options.h"

int command_fill(const struct options *options);
int command_list(const struct options *options);
int command_show(const struct options *options);
int command_rollback(const struct options *options);
int command_prune(const struct options *options);
int command_diff(const struct options *options);
int command_exec(const struct options *options);
int command_adopt(const struct options *options);
int command_detach(const struct options *options);
int command_remove(const struct options *options);
int command_wait(const struct options *options);
int command_doctor(const struct options *options);

/* Reads the number of a generation from the command line. USAGE. */
int generation_parse(const char *text, int64_t *generation, struct atomicdir_error *error);

#endif
