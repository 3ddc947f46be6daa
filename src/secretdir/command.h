/* SPDX-License-Identifier: ISC
 *
 * The subcommands: each is one file with one function, and gives the exit status.
 */
#ifndef SECRETDIR_COMMAND_H
#define SECRETDIR_COMMAND_H

#include "command/options.h"

int command_sync(const struct options *options);
int command_plan(const struct options *options);
int command_policy(const struct options *options);
int command_watch(const struct options *options);
int command_run(const struct options *options);
int command_status(const struct options *options);

#endif
