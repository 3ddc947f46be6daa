/* SPDX-License-Identifier: ISC
 *
 * What may stand next on a command line that is being typed, by the tables of commands and options. The completion scripts of shells
 * (tools/completion) call the program for it: PROGRAM __complete WORD..., the last word being the one that is typed, "" perhaps.
 *
 * Each line of the answer is a candidate, a tab and what it means; or, beginning with ':', what the shell is to find by itself:
 *
 *	:files, :directories, :programs, :users
 *	:command N		WORD number N, from 1, begins a command of its own
 */
#ifndef COMMAND_COMPLETE_H
#define COMMAND_COMPLETE_H

#include "command/dispatch.h"

#define COMPLETE_COMMAND "__complete"

void complete_print(const struct program *program, int count, char *const *words);

#endif
