/* SPDX-License-Identifier: ISC
 *
 * Who pins a generation, as far as /proc tells.
 */
#ifndef COMMAND_HOLDERS_H
#define COMMAND_HOLDERS_H

#include "base/buffer.h"

/* Adds "PID (NAME), ..." of those that hold a flock on the directory at `path`; nothing where that cannot be known: another
 * pid namespace, or a file system whose locks are listed under another device. -1: no memory. */
int holders_add(struct buffer *text, const char *path);

#endif
