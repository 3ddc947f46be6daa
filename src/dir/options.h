/* SPDX-License-Identifier: ISC
 *
 * The caller's options, of whatever size its struct has, as the struct that this library knows; checked.
 */
#ifndef DIR_OPTIONS_H
#define DIR_OPTIONS_H

#include <atomicdir.h>

int options_read(struct atomicdir_options *own, const struct atomicdir_options *given, struct atomicdir_error *error);

#endif
